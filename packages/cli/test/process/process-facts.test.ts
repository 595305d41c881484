import { countOf } from '@pgweir/pooler';
import { waitFor } from '@pgweir/testkit';
import { ProcessFacts } from '../../src/process/process-facts';

test('what a process uses is told for the asking', async () => {
  const { heapUsedBytes, residentBytes, userCpuUs, ...view } = await new ProcessFacts().view(
    'worker',
    3,
  );
  expect(view).toMatchObject({ role: 'worker', slot: 3, pid: process.pid });
  expect(residentBytes).toBeGreaterThan(heapUsedBytes);
  expect(userCpuUs).toBeGreaterThan(0);
  if (process.platform === 'linux') {
    expect(view.descriptors).toBeGreaterThan(2);
    expect(view.descriptorsMax).toBeGreaterThanOrEqual(view.descriptors ?? 0);
  }
});

test('how late timers are is measured while somebody wants to know', async () => {
  const facts = new ProcessFacts();
  const delays = async () => (await facts.view('daemon', 0)).loopDelay;
  expect(countOf(await delays())).toBe(0);
  facts.configure({ isWanted: true });
  await waitFor(async () => countOf(await delays()) > 2, { what: 'delays' });
  // Holds everything up.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  await waitFor(async () => (await delays()).maxUs > 200_000, { what: 'the delay to be seen' });
  facts.configure({ isWanted: false });
  const before = countOf(await delays());
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(countOf(await delays())).toBe(before);
});
