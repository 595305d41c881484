import * as fc from 'fast-check';
import { EmbeddedCode } from '../../src/sql/code';
import { CollectedEffects } from '../../src/sql/collected-effects';
import { NO_EFFECTS } from '../../src/sql/effects';
import { loadGrammar } from '../../src/sql/grammar';
import { EVERY_MARK, LOOK_CODE, Mark } from '../../src/sql/marks';
import { collectStatements } from '../../src/sql/statements';
import { sqlTexts } from './statements';
import { lookAt } from './texts';

test('a text without anything for the look has no effects by the grammar either', async () => {
  const grammar = await loadGrammar();
  let without = 0;
  fc.assert(
    fc.property(sqlTexts, (text) => {
      const statements = grammar.statements(text);
      if (statements === undefined) return;
      const effects = new CollectedEffects();
      collectStatements(statements, effects, new EmbeddedCode(grammar));
      const result = effects.result();
      const bits = lookAt(text);
      if (bits === 0) {
        without++;
        expect(result).toBe(NO_EFFECTS);
      }
      // The look may see more than there is, never less; the name of a setting may be missing only.
      const seen = bits | ((bits & LOOK_CODE) === 0 ? 0 : Mark.Settings);
      const marks = result.marks & EVERY_MARK & ~Mark.UnknownSettings;
      expect(marks & ~seen).toBe(0);
    }),
    { numRuns: 5000 },
  );
  expect(without).toBeGreaterThan(200);
});
