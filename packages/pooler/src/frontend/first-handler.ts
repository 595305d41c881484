import { isListed } from '../access/address-list';
import type { WireHandler } from '../ports/transport';
import { ProxyGreeting } from './proxy-greeting';
import type { Session } from './session';
import type { SessionContext } from './session-context';
import { Startup } from './startup';

/** Who reads the first bytes of a connection that has just been accepted. */
export function firstHandler(session: Session, context: SessionContext): WireHandler {
  const startup = new Startup(session, context);
  const passedOn = isListed(context.settings.loadBalancers, session.wire.remote);
  return passedOn ? new ProxyGreeting(session, startup) : startup;
}
