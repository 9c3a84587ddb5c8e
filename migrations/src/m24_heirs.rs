//! Deaths of members, and the heirs that their payouts go to.

sql_migration!(
    /// `member_death` and `payout_heir`.
    SQL
);

// A death blocks the member's card, and the database lets no order of theirs into a batch but to the card of a confirmed heir of that payout.
// `card_version` counts on from the member's own cards, so that an order's card is one of a kind.
const SQL: &str = r"
create table member_death (
    id {uuid} primary key,
    member_id {uuid} not null references member (id),
    died_on date not null,
    evidence_sealed {bytes} not null,
    blocked_card_id {uuid} references service_card (id),
    recorded_by {uuid} not null references staff (id),
    recorded_at_ms bigint not null,
    withdrawn_by {uuid} references staff (id),
    withdrawn_reason_sealed {bytes},
    withdrawn_at_ms bigint,
    check (withdrawn_by is null or withdrawn_by <> recorded_by),
    check ((withdrawn_by is null) = (withdrawn_at_ms is null)),
    check ((withdrawn_reason_sealed is null) = (withdrawn_at_ms is null))
)
;;
create unique index member_death_once on member_death (member_id) where withdrawn_at_ms is null
;;
create index member_death_member on member_death (member_id, id)
;;
create table payout_heir (
    id {uuid} primary key,
    payout_id {uuid} not null references payout (id),
    member_id {uuid} not null references member (id),
    death_id {uuid} not null references member_death (id),
    relation text not null check (relation in ('spouse', 'child', 'parent', 'sibling', 'other')),
    name_sealed {bytes} not null,
    national_id_sealed {bytes} not null,
    national_id_lookup {bytes} not null,
    number_sealed {bytes} not null,
    number_lookup {bytes} not null,
    number_tail text not null check (length(number_tail) = 4),
    card_version bigint not null check (card_version > 0),
    evidence_sealed {bytes} not null,
    recorded_by {uuid} not null references staff (id),
    recorded_at_ms bigint not null,
    confirmed_by {uuid} references staff (id),
    confirmed_at_ms bigint,
    usable_from_ms bigint,
    withdrawn_by {uuid} references staff (id),
    withdrawn_at_ms bigint,
    unique (member_id, card_version),
    check (confirmed_by is null or confirmed_by <> recorded_by),
    check ((confirmed_by is null) = (confirmed_at_ms is null)),
    check ((confirmed_by is null) = (usable_from_ms is null)),
    check (usable_from_ms is null or usable_from_ms >= confirmed_at_ms + 86400000),
    check ((withdrawn_by is null) = (withdrawn_at_ms is null)),
    check (confirmed_by is null or withdrawn_by is null)
)
;;
create unique index payout_heir_open on payout_heir (payout_id) where confirmed_at_ms is null and withdrawn_at_ms is null
;;
create index payout_heir_payout on payout_heir (payout_id, id)
;;
create index payout_heir_death on payout_heir (death_id)
;;
-- sqlite:
create trigger payout_heir_is_of_the_dead before insert on payout_heir
when new.confirmed_by is not null
  or not exists (select 1 from member_death where id = new.death_id and member_id = new.member_id and withdrawn_at_ms is null)
  or not exists (select 1 from payout where id = new.payout_id and member_id = new.member_id and state in ('approved', 'failed'))
begin select raise(abort, 'an heir is of a payout that is owed to somebody who died'); end
;;
-- sqlite:
create trigger payout_heir_keeps_what_was_recorded before update on payout_heir
when old.payout_id <> new.payout_id or old.member_id <> new.member_id or old.death_id <> new.death_id or old.relation <> new.relation
  or old.name_sealed <> new.name_sealed or old.national_id_sealed <> new.national_id_sealed or old.number_sealed <> new.number_sealed
  or old.number_lookup <> new.number_lookup or old.national_id_lookup <> new.national_id_lookup or old.number_tail <> new.number_tail
  or old.card_version <> new.card_version or old.evidence_sealed <> new.evidence_sealed or old.recorded_by <> new.recorded_by
  or old.confirmed_by is not null or old.withdrawn_by is not null
begin select raise(abort, 'an heir never changes'); end
;;
-- sqlite:
create trigger member_death_keeps_what_was_recorded before update on member_death
when old.member_id <> new.member_id or old.died_on <> new.died_on or old.evidence_sealed <> new.evidence_sealed
  or new.blocked_card_id is not old.blocked_card_id or old.recorded_by <> new.recorded_by or old.withdrawn_by is not null
  or exists (select 1 from payout_heir where death_id = new.id and confirmed_by is not null)
begin select raise(abort, 'a death never changes, and stands once an heir is confirmed'); end
;;
-- sqlite:
create trigger payout_order_of_the_dead_goes_to_an_heir before update on payout_order
when ((old.state = 'queued' and new.state = 'batched') or (old.state = 'batched' and new.state = 'approved'))
  and exists (select 1 from payout join member_death on member_death.member_id = payout.member_id
              where payout.id = new.payout_id and member_death.withdrawn_at_ms is null)
  and not exists (select 1 from payout_heir where id = new.card_id and payout_id = new.payout_id and confirmed_by is not null)
begin select raise(abort, 'the member died: their payouts go to an heir'); end
;;
-- sqlite:
create trigger service_card_of_the_dead before insert on service_card
when exists (select 1 from member_death where member_id = new.member_id and withdrawn_at_ms is null)
begin select raise(abort, 'the member died: no card of theirs is paid to'); end
;;
-- postgres:
create function payout_heir_is_of_the_dead() returns trigger language plpgsql as $$
begin
    if new.confirmed_by is not null
        or not exists (select 1 from member_death where id = new.death_id and member_id = new.member_id and withdrawn_at_ms is null)
        or not exists (select 1 from payout where id = new.payout_id and member_id = new.member_id and state in ('approved', 'failed')) then
        raise exception 'an heir is of a payout that is owed to somebody who died';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_heir_is_of_the_dead before insert on payout_heir for each row execute function payout_heir_is_of_the_dead()
;;
-- postgres:
create function payout_heir_keeps() returns trigger language plpgsql as $$
begin
    if (old.payout_id, old.member_id, old.death_id, old.relation, old.name_sealed, old.national_id_sealed, old.number_sealed, old.number_lookup,
        old.national_id_lookup, old.number_tail, old.card_version, old.evidence_sealed, old.recorded_by)
            is distinct from (new.payout_id, new.member_id, new.death_id, new.relation, new.name_sealed, new.national_id_sealed, new.number_sealed,
        new.number_lookup, new.national_id_lookup, new.number_tail, new.card_version, new.evidence_sealed, new.recorded_by)
        or old.confirmed_by is not null or old.withdrawn_by is not null then
        raise exception 'an heir never changes';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_heir_keeps_what_was_recorded before update on payout_heir for each row execute function payout_heir_keeps()
;;
-- postgres:
create function member_death_keeps() returns trigger language plpgsql as $$
begin
    if (old.member_id, old.died_on, old.evidence_sealed, old.blocked_card_id, old.recorded_by)
            is distinct from (new.member_id, new.died_on, new.evidence_sealed, new.blocked_card_id, new.recorded_by)
        or old.withdrawn_by is not null
        or exists (select 1 from payout_heir where death_id = new.id and confirmed_by is not null) then
        raise exception 'a death never changes, and stands once an heir is confirmed';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger member_death_keeps_what_was_recorded before update on member_death for each row execute function member_death_keeps()
;;
-- postgres:
create function payout_order_of_the_dead() returns trigger language plpgsql as $$
begin
    if exists (select 1 from payout join member_death on member_death.member_id = payout.member_id
               where payout.id = new.payout_id and member_death.withdrawn_at_ms is null)
        and not exists (select 1 from payout_heir where id = new.card_id and payout_id = new.payout_id and confirmed_by is not null) then
        raise exception 'the member died: their payouts go to an heir';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger payout_order_of_the_dead_goes_to_an_heir before update on payout_order for each row
    when ((old.state = 'queued' and new.state = 'batched') or (old.state = 'batched' and new.state = 'approved'))
    execute function payout_order_of_the_dead()
;;
-- postgres:
create function service_card_of_the_dead() returns trigger language plpgsql as $$
begin
    if exists (select 1 from member_death where member_id = new.member_id and withdrawn_at_ms is null) then
        raise exception 'the member died: no card of theirs is paid to';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger service_card_of_the_dead before insert on service_card for each row execute function service_card_of_the_dead()
;;
";
