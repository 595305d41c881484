import {
  type DatabaseName,
  databaseName,
  type PositionReport,
  type PositionSource,
  type PositionSubscription,
} from '@pgweir/pooler';
import {
  type PositionAsk,
  PositionDesk,
  type PositionNews,
  RemotePositions,
} from '../../src/workers/position-exchange';

const APP = databaseName('app');

const REPORT: PositionReport = {
  ...{ epoch: 1, systemIdentifier: '77', timeline: 1, covers: 2, primary: 100, replicas: [] },
  ...{ othersBegun: 0, othersCovered: 0 },
};

interface Listener {
  readonly entry: DatabaseName;
  readonly heard: (report: PositionReport) => void;
  readonly said: unknown[];
}

/** Keeps who listens and what they say. */
class HandSource implements PositionSource {
  readonly listeners: Listener[] = [];

  subscribe(entry: DatabaseName, heard: (report: PositionReport) => void): PositionSubscription {
    const said: unknown[] = [];
    this.listeners.push({ entry, heard, said });
    return {
      want: (...wanted) => void said.push(wanted),
      mindOthers: (minds) => void said.push(minds),
      noteUnflushedCommits: () => void said.push('unflushed'),
      leave: () => void said.push('left'),
    };
  }
}

/** Between processes there is JSON, which leaves out what is undefined. */
function asSent<T>(message: T): T {
  return JSON.parse(JSON.stringify(message));
}

/** A desk, and workers whose messages cross as they do between processes: copied. */
function open() {
  const source = new HandSource();
  const desk = new PositionDesk(source);
  const join = (number: number): RemotePositions => {
    const tell = (news: PositionNews): void => positions.heard(asSent(news));
    const worker = { number, channel: { tell } };
    const positions = new RemotePositions((ask: PositionAsk) => {
      desk.asked(worker, asSent(ask));
    });
    return positions;
  };
  return { source, desk, join };
}

test('what a worker says arrives at the source, and what that tells at who has subscribed', () => {
  const { source, join } = open();
  const worker = join(1);
  const heard = [jest.fn(), jest.fn()] as const;
  const [first] = heard.map((listener) => worker.subscribe(APP, listener));
  first?.want(2, 'answers');
  first?.mindOthers(true);
  first?.noteUnflushedCommits();
  expect(source.listeners.map(({ entry }) => entry)).toEqual([APP, APP]);
  expect(source.listeners[0]?.said).toEqual([[2, 'answers'], true, 'unflushed']);
  source.listeners[0]?.heard(REPORT);
  expect(heard[0]).toHaveBeenCalledWith(REPORT);
  const nothingYet = { ...REPORT, primary: undefined };
  source.listeners[0]?.heard(nothingYet);
  expect(heard[0].mock.lastCall).toEqual([nothingYet]);
  expect(heard[1]).not.toHaveBeenCalled();
});

test('who has left hears nothing more, and says so once', () => {
  const { source, join } = open();
  const heard = jest.fn();
  const subscription = join(1).subscribe(APP, heard);
  subscription.leave();
  subscription.leave();
  subscription.want(3, 'news');
  source.listeners[0]?.heard(REPORT);
  expect(heard).not.toHaveBeenCalled();
  expect(source.listeners[0]?.said).toEqual(['left']);
});

test('a worker that dies leaves, and the others stay; one that starts late is like any other', () => {
  const { source, desk, join } = open();
  const [dying, living] = [jest.fn(), jest.fn()];
  join(1).subscribe(APP, dying);
  join(2).subscribe(APP, living);
  desk.workerGone(1);
  desk.workerGone(7);
  expect(source.listeners.map(({ said }) => said)).toEqual([['left'], []]);
  const late = jest.fn();
  join(3).subscribe(APP, late);
  source.listeners[1]?.heard(REPORT);
  source.listeners[2]?.heard(REPORT);
  expect(living).toHaveBeenCalledTimes(1);
  expect(late).toHaveBeenCalledTimes(1);
});
