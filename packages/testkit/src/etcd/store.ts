/** JSON as the gateway of etcd has it: bytes in base64, numbers of 64 bits as texts. */
export type Json = Readonly<Record<string, unknown>>;

interface Kept {
  readonly value: string;
  readonly lease: string | undefined;
  readonly create: number;
  readonly mod: number;
}

/** A refusal with a status of HTTP and a code of gRPC. */
export class EtcdRefusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** As much of etcd as a lease needs, in memory. Keys are compared as they come, in base64. */
export class EtcdStore {
  readonly #keys = new Map<string, Kept>();
  readonly #leases = new Map<string, number>();
  #revision = 1;
  #leaseCount = 7_000_000_000;

  grant({ TTL }: Json): Json {
    const seconds = Math.max(2, Number(TTL));
    this.#leaseCount++;
    const id = String(this.#leaseCount);
    this.#leases.set(id, performance.now() + seconds * 1_000);
    return { header: this.#header, ID: id, TTL: String(seconds) };
  }

  range({ key }: Json): Json {
    this.#expire();
    const kept = this.#keys.get(String(key));
    if (kept === undefined) return { header: this.#header };
    const { value, create, mod, lease } = kept;
    const revisions = { create_revision: String(create), mod_revision: String(mod), version: '1' };
    const found = { key, value, ...revisions, ...(lease === undefined ? {} : { lease }) };
    return { header: this.#header, kvs: [found], count: '1' };
  }

  txn({ compare, success, failure }: Json): Json {
    this.#expire();
    const succeeded = listOf(compare).every((condition) => this.#holds(condition));
    const operations = listOf(succeeded ? success : failure);
    if (operations.some((each) => !Object.hasOwn(each, 'request_range'))) this.#revision++;
    const responses = operations.map((operation) => this.#carryOut(operation));
    return { header: this.#header, ...(succeeded ? { succeeded } : {}), responses };
  }

  get #header(): Json {
    return { cluster_id: '1', member_id: '2', revision: String(this.#revision), raft_term: '2' };
  }

  #holds({ key, target, create_revision, mod_revision }: Json): boolean {
    const kept = this.#keys.get(String(key));
    if (target === 'CREATE') return String(kept?.create ?? 0) === create_revision;
    if (target === 'MOD') return String(kept?.mod ?? 0) === mod_revision;
    throw new EtcdRefusal(400, 3, `no such target: ${String(target)}`);
  }

  #carryOut(operation: Json): Json {
    const [[kind, request] = []] = Object.entries(operation);
    const [{ key, value, lease } = {}]: Json[] = listOf([request]);
    if (kind === 'request_range') return { response_range: this.range({ key }) };
    if (kind === 'request_delete_range') {
      this.#keys.delete(String(key));
      return { response_delete_range: { header: this.#header } };
    }
    if (kind !== 'request_put') throw new EtcdRefusal(400, 3, `no such request: ${kind}`);
    if (lease !== undefined && !this.#leases.has(String(lease))) {
      throw new EtcdRefusal(404, 5, 'etcdserver: requested lease not found');
    }
    const create = this.#keys.get(String(key))?.create ?? this.#revision;
    const bound = lease === undefined ? undefined : String(lease);
    this.#keys.set(String(key), {
      ...{ value: String(value), lease: bound, create, mod: this.#revision },
    });
    return { response_put: { header: this.#header } };
  }

  #expire(): void {
    const nowMs = performance.now();
    for (const [id, untilMs] of this.#leases) if (untilMs <= nowMs) this.#leases.delete(id);
    for (const [key, { lease }] of this.#keys) {
      if (lease === undefined || this.#leases.has(lease)) continue;
      this.#keys.delete(key);
      this.#revision++;
    }
  }
}

function listOf(json: unknown): Json[] {
  return Array.isArray(json) ? json.map((each) => ({ ...each })) : [];
}
