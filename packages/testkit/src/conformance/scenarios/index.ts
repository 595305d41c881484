import type { Scenario } from '../scenario';
import { advisoryScenarios } from './advisory';
import { concealedScenarios } from './concealed';
import { cursorScenarios } from './cursors';
import { goRustScenarios } from './drivers-go-rust';
import { jvmNetScenarios } from './drivers-jvm-net';
import { nodeScenarios } from './drivers-node';
import { pythonScenarios } from './drivers-python';
import { frameworkScenarios } from './frameworks';
import { groupPartScenarios } from './group-parts';
import { habitScenarios } from './habits';
import { listenScenarios } from './listen';
import { notifyScenarios } from './notify';
import { portalScenarios } from './portals';
import { preparedScenarios } from './prepared';
import { preparedManyScenarios } from './prepared-many';
import { preparedSettingScenarios } from './prepared-settings';
import { resetScenarios } from './reset';
import { roleScenarios } from './roles';
import { sequenceScenarios } from './sequences';
import { setScenarios } from './set';
import { formatScenarios } from './set-formats';
import { setTransactionScenarios } from './set-transactions';
import { sqlPipelineScenarios } from './sql-pipelines';
import { sqlPrepareScenarios } from './sql-prepare';
import { temporaryScenarios } from './temporary';

/** All scenarios, by group. @throws Error when two have the same name */
export function allScenarios(): readonly Scenario[] {
  const all = [
    ...setScenarios,
    ...formatScenarios,
    ...setTransactionScenarios,
    ...resetScenarios,
    ...roleScenarios,
    ...preparedScenarios,
    ...preparedManyScenarios,
    ...preparedSettingScenarios,
    ...portalScenarios,
    ...sqlPrepareScenarios,
    ...sqlPipelineScenarios,
    ...groupPartScenarios,
    ...listenScenarios,
    ...notifyScenarios,
    ...temporaryScenarios,
    ...advisoryScenarios,
    ...cursorScenarios,
    ...sequenceScenarios,
    ...concealedScenarios,
    ...jvmNetScenarios,
    ...pythonScenarios,
    ...nodeScenarios,
    ...goRustScenarios,
    ...frameworkScenarios,
    ...habitScenarios,
  ];
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) throw new Error(`two scenarios are called "${name}"`);
    names.add(name);
  }
  return all;
}
