/** One release while it is made. */
export interface Release {
  /** The top folder of the repository, built. */
  readonly root: string;
  readonly version: string;
  /** Where everything goes. */
  readonly out: string;
  /** Room for what is not handed out. */
  readonly scratch: string;
  /** The time that every file bears, in seconds since 1970: SOURCE_DATE_EPOCH. */
  readonly epoch: number;
  /** Compress little, and build for this machine only: for a look, and for tests. */
  readonly quick: boolean;
  say(line: string): void;
}

/** What is handed out in a folder of its own has this name. */
export function releaseFile(release: Release, kind: string): string {
  return `pgweir-${release.version}-${kind}`;
}
