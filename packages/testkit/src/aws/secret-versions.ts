import { randomUUID } from 'node:crypto';

export type SecretStage = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS';

/** Text, or an object that is kept as JSON; bytes are a binary secret. */
export type SecretValue = string | Readonly<Record<string, unknown>> | Buffer;

export interface SecretVersion {
  readonly id: string;
  readonly value: string | Buffer;
  readonly createdMs: number;
}

/** One secret: its versions, and the labels on them, each on one version at most. */
export class SecretVersions {
  readonly arn: string;
  readonly name: string;
  readonly createdMs: number;
  readonly #versions = new Map<string, SecretVersion>();
  readonly #stages = new Map<SecretStage, string>();
  /** Deleted, as long as it can still be restored. */
  deletedMs: number | undefined;

  constructor(name: string, arn: string, createdMs: number) {
    this.name = name;
    this.arn = arn;
    this.createdMs = createdMs;
  }

  /** @returns the new version, which has no label yet */
  add(value: SecretValue, createdMs: number): SecretVersion {
    const isPlain = typeof value === 'string' || Buffer.isBuffer(value);
    const version = {
      ...{ id: randomUUID(), value: isPlain ? value : JSON.stringify(value), createdMs },
    };
    this.#versions.set(version.id, version);
    return version;
  }

  /** AWSCURRENT takes AWSPREVIOUS to where it was, as AWS does. */
  label(stage: SecretStage, id: string): void {
    const before = this.#stages.get(stage);
    if (stage === 'AWSCURRENT' && before !== undefined && before !== id) {
      this.#stages.set('AWSPREVIOUS', before);
    }
    this.#stages.set(stage, id);
  }

  unlabel(stage: SecretStage): void {
    this.#stages.delete(stage);
  }

  at(stage: SecretStage): SecretVersion | undefined {
    return this.#versions.get(this.#stages.get(stage) ?? '');
  }

  byId(id: string): SecretVersion | undefined {
    return this.#versions.get(id);
  }

  stagesOf(id: string): readonly SecretStage[] {
    return [...this.#stages].filter(([, of]) => of === id).map(([stage]) => stage);
  }

  /** Versions with a label; AWS forgets the others sooner or later. */
  get labelled(): readonly SecretVersion[] {
    return [...this.#versions.values()].filter(({ id }) => this.stagesOf(id).length > 0);
  }
}
