import { type DatabaseSettings, wantedRole } from '@pgweir/pooler';
import { foundBy } from '../aws/member-source';
import type { DatabaseContext } from './databases';

/** Where members are found, what an entry says about a fixed list of servers means nothing. */
export function checkTopology(settings: DatabaseSettings, context: DatabaseContext): void {
  const { entry, subject, findings } = context;
  const { topology } = settings;
  const problem = (message: string): void => findings.problem(entry, `${subject}${message}`);
  const useless = (message: string): void => findings.warning(entry, `${subject}${message}`);
  if (settings.instanceHostPattern !== undefined && topology !== 'aurora') {
    useless('instance_host_pattern has no effect without topology = aurora');
  }
  if (topology === 'static') return;
  if (wantedRole(settings) === undefined) {
    useless(
      `topology = ${topology} has no effect without target_session_attrs or read_write_split`,
    );
    return;
  }
  if (settings.patroniUrls.length > 0) {
    problem(`patroni and topology = ${topology} contradict each other`);
  }
  if (settings.replicaBalance === 'weighted' || settings.replicaWeights.length > 0) {
    problem(
      `replica_weights are for hosts that are listed, which topology = ${topology} does not do`,
    );
  }
  if (settings.hosts.some((host) => /^[/@]/.test(host))) {
    problem(`topology = ${topology} needs a host that is no Unix socket`);
  }
  if (topology === 'aurora' && settings.ports.length > 1) {
    problem('topology = aurora needs one port: all instances have the same');
  }
  const found = foundBy(settings);
  if (found.kind === 'impossible') problem(`topology = ${topology}: ${found.why}`);
  checkFreshness(settings, context);
}

/** Readers of Aurora cannot be shown to have what a session has written. */
function checkFreshness(settings: DatabaseSettings, context: DatabaseContext): void {
  const { entry, subject, globals, findings } = context;
  const consistency = settings.consistency ?? globals.consistency;
  if (settings.topology !== 'aurora' || !settings.readWriteSplit) return;
  if (consistency === 'eventual') return;
  const message = `with topology = aurora and consistency = ${consistency} no read can go to a reader`;
  if (settings.replicaFallback === 'wait') {
    findings.problem(
      entry,
      `${subject}${message}, and replica_fallback = wait has it wait for one`,
    );
  } else findings.warning(entry, `${subject}${message}: consistency = eventual lets it`);
}
