/** What a server has, or a client has seen: a position in the log of a timeline. */
export interface Content {
  readonly timeline: number;
  readonly position: bigint;
}

/** Where each timeline has parted from the one before. */
export class LogHistory {
  readonly #forks = new Map<number, Content>();

  /** `timeline` begins behind `from`. What is further on the timeline before is lost. */
  fork(timeline: number, from: Content): void {
    this.#forks.set(timeline, from);
  }

  beginOf(timeline: number): bigint {
    return this.#forks.get(timeline)?.position ?? 0n;
  }

  /** Whether somebody with `content` has what was there at `wanted`, but for what is lost. */
  has(content: Content, wanted: Content): boolean {
    if (content.timeline === wanted.timeline) return content.position >= wanted.position;
    if (content.timeline < wanted.timeline) {
      const fork = this.#forkOf(wanted);
      return wanted.position <= fork.position
        ? this.has(content, { ...fork, position: wanted.position })
        : false;
    }
    const fork = this.#forkOf(content);
    if (content.position < fork.position) {
      return this.has({ ...fork, position: content.position }, wanted);
    }
    return this.has(fork, this.#kept(content, wanted));
  }

  /** What of `wanted` is in the history of `content`. */
  #kept(content: Content, wanted: Content): Content {
    let last = content;
    while (last.timeline > wanted.timeline) last = this.#forkOf(last);
    const isLost = last.position < wanted.position;
    return isLost ? { ...wanted, position: last.position } : wanted;
  }

  #forkOf({ timeline }: Content): Content {
    const fork = this.#forks.get(timeline);
    if (fork === undefined) throw new Error(`no timeline ${timeline}`);
    return fork;
  }
}
