import { createHash } from 'node:crypto';
import { ScramClient, ScramMechanism, saslInitialResponse, saslResponse } from '@pgweir/protocol';
import type { CredentialSource, StoredSecret } from '../../src/ports/credential-source';
import type { AuthType } from '../../src/settings/settings';
import { frame } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';

/** Knows alice's password, and reads it again when a test says so. */
class Source implements CredentialSource {
  stored: StoredSecret | undefined = { kind: 'plain', password: 'old' };
  isLacking = false;
  readonly asked: string[] = [];
  readonly waiting: (() => void)[] = [];
  left = 0;

  lookup(user: string): StoredSecret | undefined {
    return user === 'alice' ? this.stored : undefined;
  }

  renew(user: string, database: string, renewed: () => void) {
    this.asked.push(`${user}@${database}`);
    this.waiting.push(renewed);
    return () => {
      this.left++;
    };
  }

  lacks(): boolean {
    return this.isLacking;
  }

  renewed(): void {
    for (const done of this.waiting.splice(0)) done();
  }
}

const METHODS: readonly AuthType[] = ['plain', 'md5', 'scram-sha-256'];
const password = (text: string): Buffer => frame('p', `${text}\0`);
const md5 = (...parts: readonly (string | Buffer)[]): string =>
  createHash('md5')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest('hex');

/** The data of the last authentication request. */
function request(client: TestClient): Buffer {
  return client.messages.at(-1)?.body.subarray(4) ?? Buffer.alloc(0);
}

/** A client that has shown its password. */
async function shown(rig: Rig, method: AuthType, user: string, text: string): Promise<TestClient> {
  const client = rig.stranger();
  client.start({ user, database: 'app' });
  await rig.settle();
  if (method === 'plain') client.send(password(text));
  else if (method === 'md5') {
    client.send(password(`md5${md5(md5(text, user), request(client).subarray(0, 4))}`));
  } else {
    const scram = new ScramClient({
      mechanism: ScramMechanism.plain,
      credentials: { kind: 'password', password: text },
      channelBinding: undefined,
    });
    const { mechanism, data } = scram.first();
    client.send(saslInitialResponse(mechanism, data));
    await rig.settle();
    const final = await new Promise<Buffer>((resolve, reject) => {
      scram.continue(request(client), (result) => {
        if (result.kind === 'response') resolve(saslResponse(result.data));
        else reject(new Error(result.reason));
      });
    });
    client.send(final);
  }
  await rig.settle();
  return client;
}

describe.each(METHODS)('auth_type = %s', (authType) => {
  test('the password that is known lets in at once, without reading again', async () => {
    const source = new Source();
    const rig = await Rig.open({ authType }, { credentials: source });
    const client = await shown(rig, authType, 'alice', 'old');
    expect(client.tags).toMatch(/Z$/);
    expect(source.asked).toEqual([]);
  });

  test('another one waits until passwords have been read again, and then lets in', async () => {
    const source = new Source();
    const rig = await Rig.open({ authType }, { credentials: source });
    const client = await shown(rig, authType, 'alice', 'new');
    expect(source.asked).toEqual(['alice@app']);
    expect(client.errors).toEqual([]);
    source.stored = { kind: 'plain', password: 'new', previous: 'old' };
    source.renewed();
    await rig.settle();
    expect(client.tags).toMatch(/Z$/);
  });

  test('a password that could not be told at first is compared, too', async () => {
    const source = new Source();
    source.stored = { kind: 'none' };
    const rig = await Rig.open({ authType }, { credentials: source });
    const client = await shown(rig, authType, 'alice', 'new');
    source.stored = { kind: 'plain', password: 'new' };
    source.renewed();
    await rig.settle();
    expect(client.tags).toMatch(/Z$/);
  });

  test('a wrong one fails after one reading, and so does that of an unknown user', async () => {
    for (const user of ['alice', 'stranger']) {
      const source = new Source();
      const rig = await Rig.open({ authType }, { credentials: source });
      const client = await shown(rig, authType, user, 'wrong');
      expect(client.errors).toEqual([]);
      source.renewed();
      await rig.settle();
      expect(source.asked).toEqual([`${user}@app`]);
      expect(client.errors.map(({ code }) => code)).toEqual(['28P01']);
      expect(client.closed).toBe(true);
    }
  });

  test('while passwords are lacking whoever fails is told so with 57P03, known or not', async () => {
    for (const user of ['alice', 'stranger']) {
      const source = new Source();
      source.isLacking = true;
      const rig = await Rig.open({ authType }, { credentials: source });
      const client = await shown(rig, authType, user, 'wrong');
      source.renewed();
      await rig.settle();
      expect(client.errors.map(({ code }) => code)).toEqual(['57P03']);
    }
  });

  test('a client that leaves meanwhile is not waited for', async () => {
    const source = new Source();
    const rig = await Rig.open({ authType }, { credentials: source });
    const client = await shown(rig, authType, 'alice', 'new');
    client.hangUp();
    await rig.settle();
    expect(source.left).toBe(1);
    source.renewed();
    await rig.settle();
    expect(rig.pooler.sessions.size).toBe(0);
  });
});

test('what is sent behind a password that waits is no second guess', async () => {
  const source = new Source();
  const rig = await Rig.open({ authType: 'plain' }, { credentials: source });
  const client = await shown(rig, 'plain', 'alice', 'wrong');
  client.send(password('old'));
  await rig.settle();
  source.renewed();
  await rig.settle();
  expect(client.errors.map(({ code }) => code)).toEqual(['28P01']);
});
