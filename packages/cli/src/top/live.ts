import { ConsoleConnection, type ConsoleTarget } from '../console-client/console-connection';
import { reasonOf } from '../system-error';
import { readKeys } from '../terminal/keys';
import { Screen } from '../terminal/screen';
import type { TopOptions } from '../tools/top';
import { type Effect, press } from './press';
import { FRAME_ROWS, render } from './render';
import { readSample } from './sample';
import { firstState, type Order, type TopState, withLoss, withSample } from './state';

interface LiveNeeds {
  readonly console: ConsoleConnection;
  readonly target: ConsoleTarget;
  readonly where: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly options: TopOptions;
}

/** Shows pages until somebody has seen enough. Leaves the terminal as it was. @returns the exit status */
export async function liveTop(needs: LiveNeeds): Promise<number> {
  return await new LiveTop(needs).run();
}

/** As shells count ends by signals. */
const SIGNALS = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130 } as const;

class LiveTop {
  readonly #needs: LiveNeeds;
  readonly #screen: Screen;
  #state: TopState;
  #console: ConsoleConnection;
  #timer: NodeJS.Timeout | undefined;
  /** A look is under way; another one was asked for meanwhile. */
  #looking: 'no' | 'once' | 'again' = 'no';
  /** Connections with commands that are not answered yet. */
  readonly #commands = new Set<ConsoleConnection>();
  #end: (outcome: { readonly code: number } | { readonly error: unknown }) => void = () =>
    undefined;

  constructor(needs: LiveNeeds) {
    this.#needs = needs;
    this.#state = firstState(needs.where);
    this.#console = needs.console;
    const colours = (process.env.NO_COLOR ?? '') === '';
    this.#screen = new Screen(needs.stdin, needs.stdout, { colours });
  }

  async run(): Promise<number> {
    const { stdin, stdout } = this.#needs;
    const ended = new Promise<{ readonly code: number } | { readonly error: unknown }>(
      (resolve) => {
        this.#end = resolve;
      },
    );
    const undo = this.#listen();
    stdin.setEncoding('utf8');
    this.#screen.enter();
    stdout.on('resize', this.#draw);
    this.#draw();
    void this.#look();
    try {
      const outcome = await ended;
      if ('error' in outcome) throw outcome.error;
      return outcome.code;
    } finally {
      clearTimeout(this.#timer);
      stdout.off('resize', this.#draw);
      undo();
      this.#screen.leave();
      for (const one of this.#commands) one.close();
      this.#console.close();
    }
  }

  /** Everything that may end it, so that the terminal is left in any case. */
  #listen(): () => void {
    const { stdin } = this.#needs;
    const leave = (): void => this.#screen.leave();
    const fail = (error: unknown): void => this.#end({ error });
    const gone = (): void => this.#end({ code: 0 });
    const stop = (): void => this.#suspend();
    const back = (): void => this.#resume();
    const input = (text: string): void => this.#pressed(text);
    const signals = Object.entries(SIGNALS).map(([name, code]) => {
      const ends = (): void => this.#end({ code });
      process.on(name, ends);
      return () => process.off(name, ends);
    });
    process.on('exit', leave);
    process.on('uncaughtException', fail);
    process.on('unhandledRejection', fail);
    process.on('SIGTSTP', stop);
    process.on('SIGCONT', back);
    stdin.on('data', input);
    stdin.once('end', gone);
    stdin.once('error', gone);
    return () => {
      for (const off of signals) off();
      process.off('exit', leave);
      process.off('uncaughtException', fail);
      process.off('unhandledRejection', fail);
      process.off('SIGTSTP', stop);
      process.off('SIGCONT', back);
      stdin.off('data', input);
      stdin.off('end', gone);
      stdin.off('error', gone);
    };
  }

  readonly #draw = (): void => {
    this.#screen.draw(render(this.#state, this.#screen.size));
  };

  #pressed(text: string): void {
    const pageSize = Math.max(1, this.#screen.size.rows - FRAME_ROWS);
    for (const key of readKeys(text)) {
      const { state, effect } = press(this.#state, key, pageSize);
      this.#state = state;
      if (effect !== undefined) this.#do(effect);
    }
    this.#draw();
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'quit':
        this.#end({ code: 0 });
        return;
      case 'suspend':
        this.#suspend();
        return;
      case 'redraw':
        this.#screen.leave();
        this.#screen.enter();
        return;
      case 'refresh':
        void this.#look();
        return;
      case 'run':
        void this.#run(effect.order);
        return;
    }
  }

  #suspend(): void {
    this.#screen.leave();
    clearTimeout(this.#timer);
    process.kill(process.pid, 'SIGSTOP');
  }

  #resume(): void {
    this.#screen.enter();
    this.#draw();
    void this.#look();
  }

  /** One look at the console, and another one after the interval. Never rejects. */
  async #look(): Promise<void> {
    if (this.#looking !== 'no') {
      this.#looking = 'again';
      return;
    }
    clearTimeout(this.#timer);
    this.#looking = 'once';
    try {
      if (this.#console.lost !== undefined) await this.#reconnect();
      const { tab } = this.#state;
      const sample = await readSample(this.#console, tab, this.#before(), Date.now);
      // Somebody has turned the page meanwhile: what it needs is being asked for.
      if (tab === this.#state.tab) this.#state = withSample(this.#state, sample);
    } catch (error) {
      this.#console.close();
      this.#state = withLoss(this.#state, reasonOf(error));
    }
    this.#draw();
    const again = this.#wantsAnother();
    this.#looking = 'no';
    this.#timer = setTimeout(() => void this.#look(), again ? 0 : this.#needs.options.intervalMs);
  }

  #wantsAnother(): boolean {
    return this.#looking === 'again';
  }

  /** After a loss it may be another version that answers. */
  #before(): TopState['now'] {
    return this.#state.link.kind === 'up' ? this.#state.now : undefined;
  }

  async #reconnect(): Promise<void> {
    const fresh = new ConsoleConnection(this.#needs.target, 'pgweir top');
    this.#console = fresh;
    await fresh.open();
  }

  /** On a connection of its own: PAUSE may take long, and looks go on. Never rejects. */
  async #run({ command, says }: Order): Promise<void> {
    const console = new ConsoleConnection(this.#needs.target, 'pgweir top');
    this.#commands.add(console);
    this.#tell((state) => ({ ...state, pending: [...state.pending, says] }));
    let message = `done: ${says}`;
    try {
      await console.open();
      await console.run(command);
    } catch (error) {
      message = `failed: ${says}: ${reasonOf(error)}`;
    } finally {
      console.close();
      this.#commands.delete(console);
    }
    this.#tell((state) => {
      const at = state.pending.indexOf(says);
      return { ...state, message, pending: state.pending.filter((_, index) => index !== at) };
    });
    void this.#look();
  }

  #tell(change: (state: TopState) => TopState): void {
    this.#state = change(this.#state);
    this.#draw();
  }
}
