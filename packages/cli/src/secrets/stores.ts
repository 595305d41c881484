import type { Clock, SecretReading, SecretStore } from '@pgweir/pooler';
import { awsLibrary } from '../aws/library';
import { fileOfPlace } from '../config/secret-place';
import { reasonOf } from '../system-error';
import { FileStore } from './file-store';
import { FileTurns } from './file-turns';
import type { SecretReference } from './uses';

/** Opens the stores of secrets by their places. What is needed for AWS is loaded with its first secret. */
export function secretStores(clock: Clock): (reference: SecretReference) => SecretStore {
  let manager: InstanceType<ReturnType<typeof awsLibrary>['SecretsManager']> | undefined;
  const turns = new FileTurns();
  return ({ place, roleArn }) => {
    const file = fileOfPlace(place);
    if (file !== undefined) return new FileStore(file, { clock, turns });
    try {
      const { SecretsManager } = awsLibrary();
      manager ??= new SecretsManager();
    } catch (error) {
      return brokenStore(reasonOf(error));
    }
    return manager.secret({ arn: place, roleArn });
  };
}

function brokenStore(reason: string): SecretStore {
  const reading: SecretReading = { kind: 'failed', why: 'unusable', reason };
  return { hasStages: true, read: async () => reading };
}
