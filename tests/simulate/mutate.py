"""Makes the guards of the code switchable in a copy of the tree: `huzhu simulate --without NAME` then takes one away.

Each change names a file, the words that stand there once, and those in their place. A change whose words are no longer there is an error:
whoever changes a guard changes its line here.

Usage: mutate.py TREE, or mutate.py --check TREE, which changes nothing.
"""

import pathlib
import sys

OFF = "crate::simulate::guards::off"

# name, file, words, words in their place (OFF asks whether it is away)
CHANGES = [
    ("same_person", "src/payouts/release.rs", "if batch.maker_id == staff.staff_id {", "if !OFF && batch.maker_id == staff.staff_id {"),
    ("release_hash", "src/payouts/release.rs", "if !signed.eq_ignore_ascii_case(&batch.sha256) ||", "if (!OFF && !signed.eq_ignore_ascii_case(&batch.sha256)) ||"),
    ("hash_at_dispatch", "src/payouts/release.rs", "Ok((hex::encode(Sha256::digest(&bytes)) == batch.sha256).then_some(bytes))", "Ok((OFF || hex::encode(Sha256::digest(&bytes)) == batch.sha256).then_some(bytes))"),
    ("cards_at_release", "src/payouts/release.rs", "if cards_changed(txn, batch.id).await? {", "if !OFF && cards_changed(txn, batch.id).await? {"),
    ("cards_at_dispatch", "src/payouts/dispatch.rs", "if !payload.resend && cards_changed(&txn, batch.id).await? {", "if !OFF && !payload.resend && cards_changed(&txn, batch.id).await? {"),
    ("checker_still_may", "src/payouts/dispatch.rs", "if !checker_still_may(&txn, &batch).await? {", "if !OFF && !checker_still_may(&txn, &batch).await? {"),
    ("breaks_stop_dispatch", "src/payouts/dispatch.rs", "if recon::stops_dispatch(app.db.read(), &link.account).await? {", "if !OFF && recon::stops_dispatch(app.db.read(), &link.account).await? {"),
    ("value_date", "src/payouts/dispatch.rs", "if link.rules.is_too_late(&calendar, now, batch.value_date) {", "if !OFF && link.rules.is_too_late(&calendar, now, batch.value_date) {"),
    ("fencing", "src/payouts/dispatch.rs", "        .filter(dispatch::Column::Id.eq(open.id))\n        .filter(dispatch::Column::Fencing.eq(open.fencing))\n        .filter(dispatch::Column::Outcome.is_null())\n", "        .filter(dispatch::Column::Id.eq(open.id))\n        .filter(if OFF { dispatch::Column::Id.eq(open.id) } else { dispatch::Column::Outcome.is_null() })\n"),
    ("lease", "src/payouts/dispatch.rs", "Some(open) if open.lease_until_ms < app.clock.now() => {", "Some(open) if OFF || open.lease_until_ms < app.clock.now() => {"),
    ("resend_in_doubt", "src/payouts/dispatch.rs", "Submitted::NotSent { .. } if open.resend =>", "Submitted::NotSent { .. } if open.resend && !OFF =>"),
    ("resend_limits", "src/payouts/enquire.rs", "    Ok(!recon::shows_debit(txn, batch.id).await?\n        && i64::try_from(in_doubt).ok() == Some(batch.order_count)\n", "    Ok(OFF || !recon::shows_debit(txn, batch.id).await?\n        && i64::try_from(in_doubt).ok() == Some(batch.order_count)\n"),
    ("resend_day", "src/payouts/enquire.rs", "&& link.rules.may_resend(app.clock.now(), batch.value_date)", "&& (OFF || link.rules.may_resend(app.clock.now(), batch.value_date))"),
    ("not_found_twice", "src/payouts/enquire.rs", "    last_not_found >= first_not_found.plus_secs(capabilities.not_found_gap_secs)\n", "    (OFF || last_not_found >= first_not_found.plus_secs(capabilities.not_found_gap_secs))\n"),
    ("results_are_of_batch", "src/payouts/enquire.rs", "let is_odd = matches!(&heard, Enquired::Found(heard) if !is_about(heard, &batch));", "let is_odd = !OFF && matches!(&heard, Enquired::Found(heard) if !is_about(heard, &batch));"),
    ("silence_is_doubt", "src/payouts/bank/simulator.rs", "Err(Silence::Lost(why)) => Submitted::InDoubt { why },", "Err(Silence::Lost(why)) if OFF => Submitted::NotSent { why },\n            Err(Silence::Lost(why)) => Submitted::InDoubt { why },"),
    ("status_is_doubt", "src/payouts/bank/simulator.rs", "        _ => in_doubt(\"status\"),\n", "        _ if OFF => Submitted::NotSent { why: \"status\" },\n        _ => in_doubt(\"status\"),\n"),
    ("hash_echo", "src/payouts/bank/simulator.rs", "(422, false) if receipt.sha256 == sha256 && !receipt.code.is_empty() => {", "(422, false) if (OFF || receipt.sha256 == sha256) && !receipt.code.is_empty() => {"),
    ("duplicate_is_doubt", "src/payouts/bank/simulator.rs", "(422, false) if receipt.code.starts_with(\"DU\") || receipt.code == \"AM05\" => in_doubt(\"duplicate\"),", "(422, false) if !OFF && (receipt.code.starts_with(\"DU\") || receipt.code == \"AM05\") => in_doubt(\"duplicate\"),"),
    ("sent_is_not_voided", "src/payouts/void.rs", "    Ok(waits && !batch.at_bank && sent == 0 && !recon::shows_debit(txn, batch.id).await?)\n", "    Ok(OFF || waits && !batch.at_bank && sent == 0 && !recon::shows_debit(txn, batch.id).await?)\n"),
    ("lost_is_not_sent", "src/payouts/release.rs", "    let is_there = is_at_bank(txn, &batch).await?;\n", "    let is_there = !OFF && is_at_bank(txn, &batch).await?;\n"),
    ("lost_is_not_sent", "src/payouts/runs/job.rs", "        let is_there = is_at_bank(txn, &batch).await?;\n", "        let is_there = !OFF && is_at_bank(txn, &batch).await?;\n"),
    ("debit_stops_sending", "src/payouts/dispatch.rs", "    if !payload.resend && recon::shows_debit(&txn, batch.id).await? {\n", "    if !OFF && !payload.resend && recon::shows_debit(&txn, batch.id).await? {\n"),
    ("safe_mode_stops", "src/payouts/dispatch.rs", "    if safe_mode::current(app.db.read()).await?.is_some() {\n        return block(", "    if !OFF && safe_mode::current(app.db.read()).await?.is_some() {\n        return block("),
    ("safe_mode_stops", "src/payouts/dispatch.rs", "    if safe_mode::went_back(app, beat) || safe_mode::current(&txn).await?.is_some() {\n", "    if safe_mode::went_back(app, beat) || (!OFF && safe_mode::current(&txn).await?.is_some()) {\n"),
    ("stored_answer", "src/http/idempotency.rs", "        if let Some(stored) = self.stored(app, &txn, &fingerprint).await? {\n", "        if let Some(stored) = self.stored(app, &txn, &fingerprint).await?.filter(|_| !OFF) {\n"),
    ("key_is_of_one_request", "src/http/idempotency.rs", "        if row.fingerprint != fingerprint {\n", "        if !OFF && row.fingerprint != fingerprint {\n"),
    ("signature_counts", "src/recon/documents/apply.rs", "    if document.signed_by.is_some() || fetched {\n", "    if OFF || document.signed_by.is_some() || fetched {\n"),
    ("fetched_counts", "src/recon/documents/apply.rs", "    let fetched = document.fetched ||", "    let fetched = (!OFF && document.fetched) ||"),
    ("whole_file", "src/recon/documents/take.rs", "        Some(named) if named != sha256 => {", "        Some(named) if !OFF && named != sha256 => {"),
    ("whole_file", "src/recon/documents/take.rs", "        None if completed.changed =>", "        None if completed.changed && !OFF =>"),
    ("whole_file", "src/recon/documents/take.rs", "    Ok(same_name.map(|_| ", "    Ok(same_name.filter(|_| !OFF).map(|_| "),
    ("tied_by_two", "src/suspense/tie.rs", "    if row.proposed_by == staff_id {\n", "    if !OFF && row.proposed_by == staff_id {\n"),
    ("statement_gate", "src/recon/import.rs", "let ours = batch.filter(|batch| batch.debit_account == account && batch.value_date <= closed);", "let ours = batch.filter(|batch| OFF || batch.debit_account == account && batch.value_date <= closed);"),
    ("last_word", "src/recon/import.rs", "    let query = query.filter(order::Column::FinalOn.lte(last_day));\n", "    let query = if OFF { query } else { query.filter(order::Column::FinalOn.lte(last_day)) };\n"),
    ("resolution_gate", "src/payouts/resolution.rs", "        recon::Gate::Open => Ok(command),\n", "        recon::Gate::Open => Ok(command),\n        _ if OFF => Ok(command),\n"),
    ("resolver_is_another", "src/payouts/resolution.rs", "    if row.proposed_by == staff_id {\n", "    if !OFF && row.proposed_by == staff_id {\n"),
    ("watched_after_lease", "src/payouts/enquire.rs", "state: BatchState::Dispatching, turn: 0 }, run_at).await", "state: BatchState::Dispatching, turn: 0 }, if OFF { app.clock.now() } else { run_at }).await"),
    ("statement_follows", "src/recon/import.rs", "if let Some(why) = does_not_follow(file, last.as_ref()) {", "if let Some(why) = does_not_follow(file, last.as_ref()).filter(|_| !OFF) {"),
    ("booking_known", "src/recon/import.rs", "known = first_known(app.db.read(), account, &chunk).await?;", "known = first_known(app.db.read(), account, &chunk).await?.filter(|_| !OFF);"),
    ("debited_once", "src/recon/matching.rs", "    if order.debited {\n", "    if order.debited && !OFF {\n"),
    ("whole_return_only", "src/recon/matching.rs", "OrderState::Settled if credited_fen == order.amount_fen => {", "OrderState::Settled if OFF || credited_fen == order.amount_fen => {"),
    ("posted_before", "src/ledger/post.rs", "Ok(events.iter().filter(|event| seen.insert(event.key())).collect())", "Ok(events.iter().filter(|event| OFF || seen.insert(event.key())).collect())"),
    ("last_try_failed", "src/payouts/reissue.rs", ".filter(|last| FINISHED.contains(&last.state))", ".filter(|last| OFF || FINISHED.contains(&last.state))"),
    ("payout_has_failed", "src/payouts/reissue.rs", "            .filter(payout::Column::State.eq(PayoutState::Failed))\n", "            .filter(if OFF { payout::Column::Id.is_not_null() } else { payout::Column::State.eq(PayoutState::Failed) })\n"),
    ("cause_is_mended", "src/payouts/reissue.rs", "if is_mended(last, cards.get(&payout.id)) {", "if OFF || is_mended(last, cards.get(&payout.id)) {"),
    ("long_reference", "src/payouts/reference.rs", "let random: [u8; 26] = chance.bytes();", "let mut random: [u8; 26] = chance.bytes();\n    if OFF {\n        random[..25].fill(0);\n    }"),
    ("dispatch_state", "src/payouts/dispatch.rs", "    if batch.state != BatchState::Dispatching {\n        return Ok(false);\n", "    if OFF || batch.state != BatchState::Dispatching {\n        return Ok(false);\n"),
    ("dispatch_state", "src/payouts/dispatch.rs", "        (BatchState::Released, false) => (OrderState::Approved, OrderCommand::StartDispatch),\n", "        (BatchState::Released, false) => (OrderState::Approved, OrderCommand::StartDispatch),\n        (BatchState::Dispatching, false) if OFF => (OrderState::Dispatching, OrderCommand::LoseSight),\n"),
]

SWITCH = '''
static AWAY: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();

/// Takes guards of the code away.
pub fn take_away(names: Vec<String>) {
    AWAY.set(names).unwrap_or_default();
}

/// True for a guard that is away.
pub fn off(name: &str) -> bool {
    AWAY.get().is_some_and(|names| names.iter().any(|away| away == name))
}

/// The code's guards that can be taken away.
pub const OF_THE_CODE: &[&str] = &[%s];
'''


def found(path, words):
    text = path.read_text()
    if text.count(words) != 1:
        sys.exit(f"{path}: stands {text.count(words)} times: {words}")
    return text


def replace(path, words, instead):
    path.write_text(found(path, words).replace(words, instead))


def main():
    if sys.argv[1] == "--check":
        for _, file, words, _ in CHANGES:
            found(pathlib.Path(sys.argv[2]) / file, words)
        return
    tree = pathlib.Path(sys.argv[1])
    for name, file, words, instead in CHANGES:
        replace(tree / file, words, instead.replace("OFF", f'{OFF}("{name}")'))
    names = ", ".join(f'"{name}"' for name in dict.fromkeys(name for name, *_ in CHANGES))
    guards = tree / "src/simulate/guards.rs"
    guards.write_text(guards.read_text() + SWITCH % names)
    cli = tree / "src/cli/simulate.rs"
    replace(
        cli,
        "    for name in &arguments.without {\n",
        "    guards::take_away(arguments.without.clone());\n    for name in arguments.without.iter().filter(|name| !guards::OF_THE_CODE.contains(&name.as_str())) {\n",
    )
    replace(
        cli,
        "    for guard in guards::GUARDS {\n",
        "    for name in guards::OF_THE_CODE {\n        say!(\"{name}\");\n    }\n    for guard in guards::GUARDS {\n",
    )


if __name__ == "__main__":
    main()
