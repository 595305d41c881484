import type { ClusterNow, FailoverNow, Now, ServerNow } from '../../api';
import { bytes, count, duration, moment } from '../format';
import { type Desk, OrderButton } from '../orders';
import { Table, type TableColumn } from '../table';
import { Badge, Card, type Tone } from './cards';

const FOLLOWED = 'target_session_attrs=primary';

export function Servers({ now, desk }: { readonly now: Now; readonly desk: Desk }) {
  return (
    <>
      {now.clusters.length === 0 && (
        <Card title="Servers">
          <p class="empty">
            No roles are followed. With several hosts and <code>{FOLLOWED}</code> in an entry,
            pgweir watches which server is the primary.
          </p>
        </Card>
      )}
      {now.clusters.map((cluster) => (
        <Cluster key={cluster.databases.join()} {...{ cluster, desk }} />
      ))}
      <Timeline failovers={now.failovers} />
      <Caps now={now} />
    </>
  );
}

function Cluster({ cluster, desk }: { readonly cluster: ClusterNow; readonly desk: Desk }) {
  const { databases, failover, alarms, promotion, servers } = cluster;
  return (
    <Card
      title={databases.join(', ')}
      note={
        <Badge tone={failover === 'steady' ? 'good' : 'bad'}>
          {failover === 'steady' ? 'steady' : `failover: ${failover}`}
        </Badge>
      }
    >
      {alarms.map((text) => (
        <p key={text} class="problem">
          {text}
        </p>
      ))}
      {promotion !== undefined && <p class="advice">Promotion: {promotion}</p>}
      <div class="servers">
        {servers.map((server) => (
          <Server key={`${server.host}:${server.port}`} {...{ server, desk }} />
        ))}
      </div>
    </Card>
  );
}

const HEALTH: Readonly<Record<string, Tone>> = {
  up: 'good',
  down: 'bad',
  suspect: 'warning',
  recovering: 'warning',
};

function Server({ server, desk }: { readonly server: ServerNow; readonly desk: Desk }) {
  const { host, port, role, health, outOfService, isBanned } = server;
  const name = `${host}:${port}`;
  return (
    <article class={`server ${role}`} aria-label={`${role} ${name}`}>
      <header>
        <h3>{name}</h3>
        <Badge tone={role === 'primary' ? 'good' : 'plain'}>{role}</Badge>
        <Badge tone={HEALTH[health] ?? 'plain'}>{health}</Badge>
        {isBanned && <Badge tone="warning">banned</Badge>}
      </header>
      {outOfService !== undefined && <p class="advice">Takes no traffic: {outOfService}</p>}
      <dl>
        {role !== 'primary' && <Fact name="Behind" value={behind(server)} />}
        <Fact name="Position" value={server.position ?? '–'} />
        <Fact name="Timeline" value={count(server.timeline)} />
        <Fact name="Connections" value={connections(server)} />
        <Fact name="Last answer" value={lastAnswer(server)} />
      </dl>
      <div class="orders">
        <OrderButton order={{ kind: isBanned ? 'unban' : 'ban', host: name }} desk={desk} />
      </div>
    </article>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function behind({ lagMs, lagBytes }: ServerNow): string {
  if (lagMs === undefined && lagBytes === undefined) return 'not known';
  if (lagBytes === undefined) return duration(lagMs);
  const size = lagBytes === 0 ? 'nothing' : bytes(lagBytes);
  return lagMs === undefined ? size : `${size}, ${duration(lagMs)}`;
}

function connections({ connections: open, connectionsMax }: ServerNow): string {
  return connectionsMax === undefined ? count(open) : `${count(open)} of ${count(connectionsMax)}`;
}

function lastAnswer({ probeMs, probeAgeMs }: ServerNow): string {
  return probeAgeMs === undefined
    ? 'never'
    : `${duration(probeAgeMs)} ago, in ${duration(probeMs)}`;
}

function Timeline({ failovers }: { readonly failovers: readonly FailoverNow[] }) {
  return (
    <Card title="Failovers" note="the newest first">
      {failovers.length === 0 ? (
        <p class="empty">None since this daemon has been started.</p>
      ) : (
        <ol class="timeline">
          {failovers.map((failover) => (
            <Failover
              key={`${failover.beganAtMs} ${failover.databases.join()}`}
              {...{ failover }}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

const ENDED_WELL = new Set(['promoted', 'came back', 'found', 'switched over']);

function Failover({ failover }: { readonly failover: FailoverNow }) {
  const { beganAtMs, databases, seen, oldPrimary, newPrimary, outcome, isPlanned } = failover;
  const { heldMs, moved, retried, failed } = failover;
  return (
    <li>
      <time dateTime={new Date(beganAtMs).toISOString()}>{moment(beganAtMs)}</time>
      <div>
        <p>
          <Badge tone={ENDED_WELL.has(outcome) ? 'good' : 'bad'}>{outcome}</Badge>{' '}
          {isPlanned && <Badge tone="plain">planned</Badge>} <b>{databases.join(', ')}</b>
        </p>
        <p>
          {oldPrimary ?? 'no primary'} → {newPrimary ?? 'no primary'}: {seen}
        </p>
        <p class="advice">
          Work waited for {duration(heldMs)}. Sessions: {count(moved)} moved unnoticed,{' '}
          {count(retried)} reads run again, {count(failed)} failed.
        </p>
      </div>
    </li>
  );
}

type Cap = Now['serverCaps'][number];

const CAPS: readonly TableColumn<Cap>[] = [
  { name: 'Server', by: ({ server }) => server, show: ({ server }) => server },
  { name: 'Links', kind: 'number', by: ({ links }) => links, show: ({ links }) => count(links) },
  {
    ...{ name: 'May have', kind: 'number', by: ({ linksMax }) => linksMax },
    show: ({ linksMax }) => count(linksMax),
  },
  {
    ...{ name: 'max_connections', kind: 'number', by: ({ maxConnections }) => maxConnections },
    show: ({ maxConnections }) => count(maxConnections),
  },
];

function Caps({ now }: { readonly now: Now }) {
  if (now.serverCaps.length === 0) return null;
  return (
    <Card title="Limits of servers" note="max_connections_percent">
      <Table
        {...{ caption: 'Limits of servers', columns: CAPS, rows: now.serverCaps }}
        keyOf={({ server }) => server}
        empty=""
      />
    </Card>
  );
}
