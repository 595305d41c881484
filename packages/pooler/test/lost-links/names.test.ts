import type { Resolver } from '../../src/ports/resolver';
import { query } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard, ONE, Stage } from './stage';

/** Names that are remembered until somebody has them forgotten, as the daemon's resolver does. */
class Names implements Resolver {
  address = '10.0.0.2';
  #known: string | undefined;

  resolve(_host: string, done: Parameters<Resolver['resolve']>[1]): void {
    this.#known ??= this.address;
    done({ addresses: [this.#known] });
  }

  forget(): void {
    this.#known = undefined;
  }
}

async function asks(stage: Stage, client: TestClient, text: string): Promise<string> {
  client.forget();
  client.send(query(text));
  await stage.rig.settle();
  return heard(client);
}

async function named(poolMode: 'session' | 'transaction' = 'transaction') {
  const names = new Names();
  const database = { hosts: ['db.test'], ports: [ONE] };
  const stage = await Stage.open({ poolMode }, database, { resolver: names });
  stage.topology.publish([PRIMARY], { epoch: 1, holding: false });
  const client = await stage.rig.client();
  await asks(stage, client, 'SELECT 1');
  const hosts = () => [...stage.rig.pool().links].map(({ address }) => Object(address).host);
  return { names, stage, client, hosts };
}

const PRIMARY = { port: ONE, role: 'primary' } as const;

describe('a database with one server, which is a name', () => {
  test.each(['session', 'transaction'] as const)(
    'in %s mode an idle client sees a pause until the name leads to another machine',
    async (mode) => {
      const { names, stage, client, hosts } = await named(mode);
      await stage.kill();
      stage.topology.publish([{ port: ONE, role: 'unknown', outOfService: 'down' }], {
        ...{ epoch: 1, holding: true },
      });
      expect(await asks(stage, client, 'SELECT 1')).toBe('');
      await stage.rig.pass(3000);
      names.address = '10.0.0.3';
      stage.rig.server.diallingPort.delete(ONE);
      stage.topology.publish([PRIMARY], { epoch: 2, holding: false });
      await stage.rig.pass(1);
      expect(heard(client)).toBe('C(SELECT 0) ZI');
      expect(hosts()).toEqual(['10.0.0.3']);
    },
  );

  test('one that cannot be reached is looked up anew for the next attempt', async () => {
    const { names, stage, client, hosts } = await named();
    await stage.kill();
    expect(await asks(stage, client, 'SELECT 1')).toBe('');
    names.address = '10.0.0.3';
    stage.rig.server.diallingPort.delete(ONE);
    await stage.rig.pass(1000);
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(hosts()).toEqual(['10.0.0.3']);
  });

  test('links to the machine before are dropped when another one is primary, and none is opened there', async () => {
    const { names, stage, client, hosts } = await named();
    await asks(stage, client, 'BEGIN');
    names.address = '10.0.0.3';
    stage.topology.publish([PRIMARY], { epoch: 2, holding: false });
    await stage.rig.pass(1);
    expect(await asks(stage, client, 'INSERT 1')).toBe('E08006 ZE');
    await asks(stage, client, 'ROLLBACK');
    expect(await asks(stage, client, 'INSERT 1')).toBe('C(SELECT 0) ZI');
    expect(hosts()).toEqual(['10.0.0.3']);
  });
});
