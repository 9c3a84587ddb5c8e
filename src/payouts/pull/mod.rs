//! Batches that the bank's own job comes for, and what it may ask about orders. It never sees a card, a name or a claim.
//!
//! To take the file is what sending is elsewhere: the lease and every check are committed before the first byte goes out. The receipt that
//! the job then posts is the bank's answer; without one the batch is in doubt once the lease has ended.

use crate::http::Routes;

mod file;
mod list;
mod orders;
mod receipt;
pub mod rows;

pub(super) fn routes(config: &mut Routes) {
    config
        .service(list::list_bank_batches)
        .service(file::fetch_batch_file)
        .service(file::fetch_batch_signature)
        .service(receipt::receive_batch)
        .service(orders::show_bank_order)
        .service(orders::look_up_bank_orders);
}
