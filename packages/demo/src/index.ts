export { type BurstOptions, type BurstResult, type RoundResult, runBurst } from './run-burst';
