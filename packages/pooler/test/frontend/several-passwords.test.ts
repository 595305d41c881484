import { createHash } from 'node:crypto';
import { ScramClient, ScramMechanism, saslInitialResponse, saslResponse } from '@pgweir/protocol';
import type { CredentialSource } from '../../src/ports/credential-source';
import type { VirtualDatabase } from '../../src/ports/virtual-database';
import type { AuthType } from '../../src/settings/settings';
import { frame } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';

const SECRET = 'right';
const CREDENTIALS: CredentialSource = { lookup: () => ({ kind: 'plain', password: SECRET }) };
const DATABASES = ['app', 'console'] as const;

class Console implements VirtualDatabase {
  readonly names = ['console'];
  opened = 0;

  admits(): boolean {
    return true;
  }

  parameters(): ReadonlyMap<string, string> {
    return new Map();
  }

  open() {
    this.opened++;
    return { message: () => undefined, canceled: () => undefined, closed: () => undefined };
  }
}

interface Scene {
  readonly rig: Rig;
  readonly console: Console;
  readonly client: TestClient;
}

/** A client that has been asked for its password. */
async function asked(authType: AuthType, database: string): Promise<Scene> {
  const console = new Console();
  const outside = { credentials: CREDENTIALS, virtualDatabases: [console] };
  const rig = await Rig.open({ authType }, outside);
  const client = rig.stranger();
  client.start({ user: 'alice', database });
  await rig.settle();
  expect(client.tags).toBe('R');
  return { rig, console, client };
}

/** The data of the last authentication request. */
function request(client: TestClient): Buffer {
  return client.messages.at(-1)?.body.subarray(4) ?? Buffer.alloc(0);
}

const password = (text: string): Buffer => frame('p', `${text}\0`);

const md5 = (...parts: readonly (string | Buffer)[]): string =>
  createHash('md5')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest('hex');

const rightMd5 = (salt: Buffer): Buffer =>
  password(`md5${md5(md5(SECRET, 'alice'), salt.subarray(0, 4))}`);

/** One client's SCRAM: its first message, and the last one for the server's answer to it. */
function scram() {
  const client = new ScramClient({
    mechanism: ScramMechanism.plain,
    credentials: { kind: 'password', password: SECRET },
    channelBinding: undefined,
  });
  const { mechanism, data } = client.first();
  const final = (challenge: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      client.continue(challenge, (result) => {
        if (result.kind === 'response') resolve(saslResponse(result.data));
        else reject(new Error(result.reason));
      });
    });
  return { first: saslInitialResponse(mechanism, data), final };
}

async function expectOneRefusal({ rig, console, client }: Scene): Promise<void> {
  expect(client.errors).toHaveLength(1);
  expect(client.errors[0]?.severity).toBe('FATAL');
  expect(client.tags).not.toMatch(/[KZ]/);
  expect(client.closed).toBe(true);
  expect(console.opened).toBe(0);
  expect(rig.server.dials).toBe(0);
  expect(rig.pooler.sessions.size).toBe(0);
}

describe.each(DATABASES)('several guesses in one segment, database %s', (database) => {
  test('plain: a wrong password is one refusal, whatever follows it', async () => {
    const scene = await asked('plain', database);
    scene.client.send(password('wrong'), password(SECRET), password('wrong'));
    await scene.rig.settle();
    await expectOneRefusal(scene);
  });

  test('md5: a wrong password is one refusal, whatever follows it', async () => {
    const scene = await asked('md5', database);
    const right = rightMd5(request(scene.client));
    scene.client.send(password('md5wrong'), right, password('md5wrong'));
    await scene.rig.settle();
    await expectOneRefusal(scene);
  });

  test('an empty password is one refusal, whatever follows it', async () => {
    const scene = await asked('md5', database);
    scene.client.send(password(''), rightMd5(request(scene.client)));
    await scene.rig.settle();
    await expectOneRefusal(scene);
  });

  test('SCRAM: a wrong first message is one refusal, whatever follows it', async () => {
    const scene = await asked('scram-sha-256', database);
    const { first } = scram();
    scene.client.send(saslInitialResponse('NONSENSE', ''), first, first);
    await scene.rig.settle();
    await expectOneRefusal(scene);
  });

  test('SCRAM: a wrong proof is one refusal, whatever follows it', async () => {
    const scene = await asked('scram-sha-256', database);
    const { first, final } = scram();
    scene.client.send(first);
    await scene.rig.settle();
    const right = await final(request(scene.client));
    const wrong = Buffer.from(right);
    // Within the proof's base64, which ends in `=`.
    wrong[wrong.length - 5] = wrong[wrong.length - 5] === 0x41 ? 0x42 : 0x41;
    scene.client.send(wrong, right);
    await scene.rig.settle();
    await expectOneRefusal(scene);
  });

  test('a guess behind the right one ends that session alone', async () => {
    const scene = await asked('md5', database);
    scene.client.send(rightMd5(request(scene.client)), password('again'));
    await scene.rig.settle();
    const { rig, client } = scene;
    expect(client.errors.length).toBeLessThanOrEqual(1);
    client.hangUp();
    await rig.settle();
    expect(rig.pooler.sessions.size).toBe(0);
    const next = rig.caller();
    await rig.settle();
    next.send(rightMd5(request(next)));
    await rig.settle();
    expect(next.tags).toMatch(/Z$/);
  });
});

test('the right password alone lets a client in, to either kind of database', async () => {
  for (const database of DATABASES) {
    const { rig, client, console } = await asked('scram-sha-256', database);
    const { first, final } = scram();
    client.send(first);
    await rig.settle();
    client.send(await final(request(client)));
    await rig.settle();
    expect(client.tags).toMatch(/Z$/);
    expect(console.opened).toBe(database === 'console' ? 1 : 0);
  }
});
