import { notReady, type Standing } from './readiness';
import { jsonAnswer, type Routes } from './route';

/** `/healthz`: this process is alive. `/readyz`: new clients are served. */
export function healthRoutes(standing: () => Standing): Routes {
  return new Map([
    ['/healthz', { GET: () => jsonAnswer(200, { status: 'alive' }) }],
    [
      '/readyz',
      {
        GET: () => {
          const reason = notReady(standing());
          return reason === undefined
            ? jsonAnswer(200, { status: 'ready' })
            : jsonAnswer(503, { status: 'not ready', reason });
        },
      },
    ],
  ]);
}
