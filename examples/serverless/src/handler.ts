import { makeIdentityToken } from '@pgweir/aws';
import { Client } from 'pg';

/** What the function is called with. */
export interface OrderEvent {
  readonly item: number;
  readonly quantity: number;
}

export interface OrderPlaced {
  readonly order: string;
  readonly left: number;
}

/** The function's environment. Lambda itself sets what begins with AWS. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A token is good for 15 minutes. One that is used again costs pgweir no question to STS. */
const TOKEN_KEPT_MS = 10 * 60_000;
/** Being one of a thousand who log in takes its time. It must be less than the function's own timeout. */
const CONNECT_MS = 50_000;

/**
 * A function for Lambda, for one execution environment: a connection for each invocation, one transaction,
 * and closed. There is no password anywhere, and no pool in here: that is what pgweir is for.
 */
export function createHandler(environment: Environment) {
  let kept: { readonly token: Promise<string>; readonly sinceMs: number } | undefined;

  function token(): Promise<string> {
    if (kept === undefined || Date.now() - kept.sinceMs > TOKEN_KEPT_MS) {
      const made = makeToken(environment);
      kept = { token: made, sinceMs: Date.now() };
      // The next invocation tries again.
      made.catch(() => {
        kept = undefined;
      });
    }
    return kept.token;
  }

  return async (event: OrderEvent): Promise<OrderPlaced> => {
    const client = new Client({
      host: needed(environment, 'PGWEIR_HOST'),
      port: Number(needed(environment, 'PGWEIR_PORT')),
      user: needed(environment, 'PGWEIR_USER'),
      database: needed(environment, 'PGWEIR_DATABASE'),
      password: token,
      // Verified in full: the name of the host too. Without an authority of its own, by those of Node.js.
      ssl: environment.PGWEIR_CA ? { ca: environment.PGWEIR_CA } : true,
      connectionTimeoutMillis: CONNECT_MS,
    });
    // Whatever cuts the connection fails the query that runs; that one rejects, and Lambda tells.
    client.on('error', (error) => console.error('connection lost:', error.message));
    await client.connect();
    try {
      return await placeOrder(client, event);
    } finally {
      await client.end();
    }
  };
}

async function placeOrder(client: Client, { item, quantity }: OrderEvent): Promise<OrderPlaced> {
  await client.query('BEGIN');
  try {
    const stock = await client.query<{ left: number }>(
      'UPDATE stock SET "left" = "left" - $2 WHERE item = $1 RETURNING "left"',
      [item, quantity],
    );
    const order = await client.query<{ id: string }>(
      'INSERT INTO orders (item, quantity) VALUES ($1, $2) RETURNING id',
      [item, quantity],
    );
    await client.query('COMMIT');
    return { order: only(order.rows).id, left: only(stock.rows).left };
  } catch (error) {
    // Where there is no connection any more nothing is left to roll back.
    await client.query('ROLLBACK').catch((also: Error) => console.error('rollback:', also.message));
    throw error;
  }
}

/** Signed on the spot, with the credentials of the function's role: no request, and no permission. */
async function makeToken(environment: Environment): Promise<string> {
  return await makeIdentityToken({
    host: needed(environment, 'PGWEIR_HOST'),
    region: needed(environment, 'AWS_REGION'),
    credentials: {
      accessKeyId: needed(environment, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: needed(environment, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: needed(environment, 'AWS_SESSION_TOKEN'),
    },
  });
}

function needed(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('there is no such item');
  return row;
}

/** What Lambda calls. */
export const handler = createHandler(process.env);
