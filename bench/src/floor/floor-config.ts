import type { Target } from '../load/target';

/** The relay's configuration file, as JSON. */
export interface FloorConfig {
  /** Digits. */
  readonly port: string;
  readonly postgres: Target;
  readonly user: string;
  /** By the name of the database that a client asks for. */
  readonly pools: Readonly<Record<string, PoolConfig>>;
}

export interface PoolConfig {
  readonly links: number;
  /** Whether a client keeps its link until it leaves. */
  readonly keep: boolean;
}
