//! `copies PHOTO READING THUMBNAIL`: the two copies that the checker makes of a photograph, by its own functions and nothing else.

use huzhu::documents::pictures::{Copies, copies, inspect};

fn main() -> anyhow::Result<()> {
    // Cargo passes --bench.
    let paths: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [photo, reading, thumbnail] = paths.as_slice() else { anyhow::bail!("copies PHOTO READING THUMBNAIL") };
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let refused = |refusal| anyhow::anyhow!("{photo}: {refusal:?}");
    let made: Copies = copies(&inspect(&std::fs::read(photo)?).map_err(refused)?).map_err(refused)?;
    std::fs::write(reading, made.reading.bytes)?;
    std::fs::write(thumbnail, made.thumbnail.bytes)?;
    Ok(())
}
