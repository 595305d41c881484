import type { Logger } from '@pgweir/pooler';
import type { ConsoleCommands } from '../admin/commands';
import type { DaemonConfig } from '../config/daemon-config';
import type { DashboardDoor } from '../dashboard/dashboard-door';
import { healthRoutes } from './health-routes';
import { metricsRoutes } from './metrics-routes';
import type { Standing } from './readiness';
import type { Routes } from './route';

/** What is behind the routes: the daemon as a whole, however many workers it has. */
export interface RouteNeeds {
  readonly commands: ConsoleCommands;
  /** As it is now. */
  readonly config: () => DaemonConfig;
  readonly standing: () => Standing;
  readonly dashboard: DashboardDoor;
  readonly log: Logger;
}

/** Everything that is served over HTTP, as long as the daemon lives: reloads change what is answered. */
export function daemonRoutes(needs: RouteNeeds): Routes {
  return new Map([
    ...healthRoutes(needs.standing),
    ...metricsRoutes(needs),
    ...needs.dashboard.routes(),
  ]);
}
