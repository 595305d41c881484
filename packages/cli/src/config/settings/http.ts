import { httpAddress } from '../http-address';
import { list, oneOf, text, wholeNumber } from '../value-types';
import { setting } from './row';

/** What is served over HTTP. */
export const HTTP = {
  metrics_addr: setting(httpAddress, {
    help:
      'Address and port of an HTTP server with /metrics (for Prometheus), /healthz and /readyz: ' +
      '127.0.0.1:9930, [::1]:9930, or *:9930 for everywhere. Nobody is asked for a password there. Port ' +
      '0: the system chooses one, and the log names it. Not set: none. See docs/metrics.md.',
  }),
  metrics_series_max: setting(wholeNumber({ min: 500, max: 1_000_000 }), {
    default: '25000',
    help:
      'How many time series /metrics may have for databases, pools and servers. Those that come first have ' +
      'their own; what is beyond that is added up under the name _other, and ' +
      'pgweir_metrics_folded tells how many these are.',
  }),
  dashboard: setting(oneOf(['off', 'on', 'private']), {
    default: 'off',
    help:
      'The web page, under /dashboard/ of metrics_addr. on: whoever gets there may look; private: only who knows ' +
      'dashboard_password. See docs/dashboard.md.',
  }),
  dashboard_password: setting(text({ bytesMax: 1024 }), {
    secret: true,
    notBySet: true,
    help:
      'Who knows it may give orders on the web page (PAUSE, RESUME, RELOAD, BAN and others). Plain, or a SCRAM ' +
      'verifier. Not set: nobody may. Cannot be changed by SET.',
  }),
  dashboard_hosts: setting(list, {
    help:
      'Names that the web page may be asked for by (pooler.example.org), as they stand in the address bar of a browser. ' +
      'Addresses, localhost and the name in metrics_addr need not be there. *: every name. Others are answered with ' +
      '421, so that no page of somebody else, whose name points here, can read it.',
  }),
};
