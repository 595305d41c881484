import { readFileSync } from 'node:fs';
import { Findings, formatFinding } from '../config/finding';
import { type FileAccess, readIniFile } from '../config/ini-file';
import { type HealthcheckOptions, NO_ATTEMPT } from '../tools/healthcheck';
import { askHttp } from './ask-http';
import { askListener } from './ask-listener';
import { type Health, type HealthTarget, healthTarget, readAddress } from './health-target';

const CODES: Readonly<Record<Health['kind'], number>> = {
  serving: 0,
  rejecting: 1,
  silent: 2,
};

/** Prints one line about how it is. @returns the status to exit with */
export async function healthcheck(
  { target, timeoutMs }: HealthcheckOptions,
  cwd: string,
  stdout: { write(text: string): unknown },
): Promise<number> {
  const asked = findTarget(target, cwd);
  if ('why' in asked) {
    stdout.write(`${asked.why}\n`);
    return NO_ATTEMPT;
  }
  const ask = asked.kind === 'http' ? askHttp : askListener;
  const health = await ask(asked.address, timeoutMs);
  const [name] = [asked.address.path ?? `${asked.address.host}:${asked.address.port}`];
  stdout.write(
    `${name} - ${health.kind === 'serving' ? 'serving' : `${health.kind}: ${health.why}`}\n`,
  );
  return CODES[health.kind];
}

function findTarget(
  target: HealthcheckOptions['target'],
  cwd: string,
): HealthTarget | { readonly why: string } {
  if (target.kind !== 'config') {
    const address = readAddress(target.addr);
    if (address === undefined) return { why: `${target.addr} is not host:port` };
    return { kind: target.kind, address };
  }
  const findings = new Findings();
  const system = { cwd, readFile: (file: string) => readFileSync(file, 'utf8') };
  const access: FileAccess = {
    ...system,
    environment: (use) => {
      const {
        EnvironmentFiles,
      }: typeof import('../config/environment/environment') = require('../config/environment/environment');
      return new EnvironmentFiles(process.env, { ...system, findings }).read(use);
    },
  };
  const { entries } = readIniFile(target.path, access, findings);
  const [unreadable] = entries.length === 0 ? findings.of('problem') : [];
  if (unreadable !== undefined) return { why: formatFinding(unreadable) };
  const values = entries.filter(({ section }) => section === 'pgbouncer');
  return healthTarget((name) => values.findLast(({ key }) => key === name)?.value);
}
