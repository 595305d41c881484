import type { ToolOrder } from './tools';

/** Loads only what the order needs. @returns the status to exit with */
export async function runTool(order: ToolOrder): Promise<number> {
  const { stdout, stderr } = process;
  switch (order.kind) {
    case 'iam-token': {
      const { printToken }: typeof import('../aws/print-token') = require('../aws/print-token');
      return await printToken(order.token, stdout, stderr);
    }
    case 'top': {
      const { top }: typeof import('../top/top') = require('../top/top');
      return await top(order.top, process.cwd(), process);
    }
    case 'hash-password': {
      const tool: typeof import('../hash-password/hash') = require('../hash-password/hash');
      return await tool.hashPassword(order.hash, process);
    }
    case 'completion': {
      const tool: typeof import('../completion/completion') = require('../completion/completion');
      stdout.write(tool.completionScript(order.shell));
      return 0;
    }
    case 'doctor': {
      const { doctor }: typeof import('../doctor/doctor') = require('../doctor/doctor');
      return await doctor(order.doctor, process.cwd(), stdout);
    }
    case 'healthcheck': {
      const {
        healthcheck,
      }: typeof import('../healthcheck/healthcheck') = require('../healthcheck/healthcheck');
      return await healthcheck(order.healthcheck, process.cwd(), stdout);
    }
  }
}
