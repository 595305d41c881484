import { useState } from 'preact/hooks';
import type { SessionState } from '../api';
import { signIn } from './requests';

interface SignInProps {
  readonly done: (session: SessionState) => void;
  readonly cancel?: () => void;
}

export function SignInForm({ done, cancel }: SignInProps) {
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      done(await signIn(password));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setPassword('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label>
        Password (<code>dashboard_password</code>)
        <input
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </label>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="buttons">
        {cancel !== undefined && (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          Sign in
        </button>
      </div>
    </form>
  );
}
