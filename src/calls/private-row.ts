import type { Call } from './call.ts'
import { present } from './numbers.ts'
import type { PrivateCallRow } from './types.ts'

/** What of a call is personal data, whole. */
export function privateRow({
  facts,
  counting,
  callRef,
  identity,
  parties,
  digits,
  userData,
  subscription,
}: Call): PrivateCallRow {
  const { cdr } = counting
  return {
    call_ref: callRef,
    session_id: facts.sessionId,
    a_number: parties.a?.text ?? null,
    b_number: parties.b?.text ?? null,
    shown_to_a: parties.shownToA?.text ?? null,
    shown_to_b: parties.shownToB?.text ?? null,
    bind_num: parties.bind?.text ?? null,
    user_data: userData?.text ?? null,
    subscription_id: subscription?.text ?? null,
    // The digits that private number asks for are the extension (protocol.md: private-number events).
    extension: present(cdr?.extend_number) ?? (identity.scenario === 'privateNumber' ? digits.whole : null),
    digits: digits.whole,
    record_domain: present(cdr?.record_domain),
    record_bucket_name: present(cdr?.record_bucket_name),
    record_object_name: present(cdr?.record_object_name),
    record_file_download_url: present(cdr?.record_file_download_url),
  }
}
