import { playBursts } from './own-burst';
import { playChurn } from './own-churn';
import { playCopies } from './own-copy';
import type { OwnOrder, OwnReport } from './own-order';
import { playQueries } from './own-queries';

/** Plays the clients of one order (JSON in the first argument) and prints an `OwnReport`. */
async function main(): Promise<void> {
  // Written by our own program of the same build.
  const order = JSON.parse(process.argv[2] ?? '') as OwnOrder;
  process.stdout.write(JSON.stringify(await play(order)));
}

function play(order: OwnOrder): Promise<OwnReport> {
  switch (order.kind) {
    case 'queries':
      return playQueries(order);
    case 'churn':
      return playChurn(order);
    case 'burst':
      return playBursts(order);
    case 'copy':
      return playCopies(order);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
