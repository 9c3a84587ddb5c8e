//! What became of a sending is written once: a sender whose lease has ended can't write over what was found out without it.

crate::sql_migration! {
    /// A guard on `dispatch`.
    GUARD
}

const GUARD: &str = r"
-- sqlite:
create trigger dispatch_answered_once before update on dispatch
when old.outcome is not null
begin select raise(abort, 'a sending is answered once'); end
;;
-- postgres:
create function dispatch_answered_once() returns trigger language plpgsql as $$
begin
    if old.outcome is not null then
        raise exception 'a sending is answered once';
    end if;
    return new;
end $$
;;
-- postgres:
create trigger dispatch_answered_once before update on dispatch for each row execute function dispatch_answered_once()
";
