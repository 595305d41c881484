/** The relay's configuration file, as JSON. */
export interface FloorConfig {
  /** Digits. */
  readonly port: string;
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
  };
  /** By the name of the database that a client asks for. */
  readonly pools: Readonly<Record<string, PoolConfig>>;
}

export interface PoolConfig {
  /** Who the links log in as. */
  readonly user: string;
  readonly links: number;
  /** Whether a client keeps its link until it leaves. */
  readonly keep: boolean;
}
