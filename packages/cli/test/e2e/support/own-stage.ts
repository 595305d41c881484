interface Closable {
  close(): Promise<void>;
}

type Open<Options, Stage> = (options?: Options) => Promise<Stage>;

/**
 * Makes a test of what `play` does, for `test.concurrent`: what it opens is its own, and closed at its
 * end. For tests that wait for most of their time.
 */
export function onOwnStage<Options, Stage extends Closable>(open: Open<Options, Stage>) {
  return <Case extends readonly unknown[]>(
    play: (open: Open<Options, Stage>, ...of: Case) => Promise<void>,
  ): ((...of: Case) => Promise<void>) =>
    async (...of) => {
      const opened: Stage[] = [];
      try {
        await play(
          async (options) => {
            const stage = await open(options);
            opened.push(stage);
            return stage;
          },
          ...of,
        );
      } finally {
        for (const stage of opened) await stage.close();
      }
    };
}
