import type { Script } from '../script';
import { cancelScripts } from './cancel';
import { chunkingScripts } from './chunking';
import { copyScripts } from './copy';
import { copyMisuseScripts } from './copy-misuse';
import { emptyScripts } from './empty';
import { errorScripts } from './errors';
import { extendedErrorScripts } from './errors-extended';
import { functionCallScripts } from './function-call';
import { multiStatementScripts } from './multi-statement';
import { noticeScripts } from './notices';
import { pipelineScripts } from './pipelines';
import { portalScripts } from './portals';
import { preparedScripts } from './prepared';
import { replicationScripts } from './replication';
import { startupScripts } from './startup';
import { transactionScripts } from './transactions';
import { valueScripts } from './values';
import { violationScripts } from './violations';

/** All scripts, by theme. @throws Error when two have the same name */
export function allScripts(): readonly Script[] {
  const all = [
    ...errorScripts(),
    ...extendedErrorScripts(),
    ...pipelineScripts(),
    ...copyScripts(),
    ...copyMisuseScripts(),
    ...portalScripts(),
    ...preparedScripts(),
    ...emptyScripts(),
    ...multiStatementScripts(),
    ...transactionScripts(),
    ...cancelScripts(),
    ...noticeScripts(),
    ...valueScripts(),
    ...functionCallScripts(),
    ...chunkingScripts(),
    ...replicationScripts(),
    ...startupScripts(),
    ...violationScripts(),
  ];
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) throw new Error(`two scripts are called "${name}"`);
    names.add(name);
  }
  return all;
}
