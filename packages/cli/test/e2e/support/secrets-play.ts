import { type SecretsStage, type SecretsStageOptions, startSecretsStage } from './secrets-stage';

/** One database with a secret. */
export const SHOP = { shop: '{server} dbname=postgres secret={arn}' };

export interface Play extends SecretsStage {
  /** What became of a login. */
  login(user: string, password: string, database?: string): Promise<string>;
  /** Closes all links, so that the next client needs a login on the server. */
  endLinks(): Promise<void>;
}

/** A stage for one test: tests wait for clocks most of the time, so that several run at once. */
export async function onStage(
  options: SecretsStageOptions,
  play: (play: Play) => Promise<void>,
): Promise<void> {
  const stage = await startSecretsStage(options);
  try {
    await play({
      ...stage,
      login: async (user, password, database) => {
        try {
          return await stage.whoAmI(user, password, database);
        } catch (error) {
          return error instanceof Error && 'code' in error ? `${error.code}` : String(error);
        }
      },
      endLinks: async () => {
        await stage.rig.cluster.primary.query(
          `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename LIKE 'app%'`,
        );
      },
    });
  } finally {
    await stage.stop();
  }
}
