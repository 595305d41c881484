import { COMPLETION, type Shell } from './completion';
import { DOCTOR, type DoctorOptions } from './doctor';
import { HASH_PASSWORD, type HashOptions } from './hash-password';
import { HEALTHCHECK, type HealthcheckOptions } from './healthcheck';
import { IAM_TOKEN, type TokenOptions } from './iam-token';
import { commandOf, type Exit, parseWith, type Tool } from './tool';
import { TOP, type TopOptions } from './top';

/** What one of them is to do. */
export type ToolOrder =
  /** Print a token to log in with. */
  | { readonly kind: 'iam-token'; readonly token: TokenOptions }
  /** Show what a pgweir does. */
  | { readonly kind: 'top'; readonly top: TopOptions }
  /** Connect to everything, and say what is wrong. */
  | { readonly kind: 'doctor'; readonly doctor: DoctorOptions }
  /** Ask a pgweir whether it serves. */
  | { readonly kind: 'healthcheck'; readonly healthcheck: HealthcheckOptions }
  /** Print what is stored instead of a password. */
  | { readonly kind: 'hash-password'; readonly hash: HashOptions }
  /** Print a script for a shell. */
  | { readonly kind: 'completion'; readonly shell: Shell };

/** In the order of the manual. */
export const TOOLS: readonly Tool<ToolOrder>[] = [
  TOP,
  DOCTOR,
  HEALTHCHECK,
  HASH_PASSWORD,
  IAM_TOKEN,
  COMPLETION,
];

/** Undefined: the first word picks none. */
export function readToolLine(args: readonly string[]): ToolOrder | Exit | undefined {
  const tool = TOOLS.find(({ word }) => word === args[0]);
  if (tool === undefined) return undefined;
  return parseWith(commandOf(tool), args.slice(1), tool.order, tool.usageCode);
}
