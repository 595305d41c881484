import type { ReportedParameters } from './reported-parameters';

/** What a finished login leaves for the link that it opened. */
export interface LinkIdentity {
  readonly processId: number;
  readonly cancelKey: Buffer;
  readonly parameters: ReportedParameters;
}
