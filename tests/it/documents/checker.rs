//! Files are checked in a process that may die; what it may not do; and the search for viruses before it.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use heifer::{EncodeOptions, encode_rgb8};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::bench::{Bench, photo};

/// A bill of so many pages, as programs write it.
fn bill(pages: usize, more: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", page + 3)).collect();
    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {more} >>"),
        format!("<< /Type /Pages /Kids [{}] /Count {pages} >>", kids.join(" ")),
    ];
    objects.resize(pages + 2, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_owned());
    let (mut bytes, mut table) = (b"%PDF-1.7\n".to_vec(), format!("xref\n0 {}\n0000000000 65535 f \n", pages + 3));
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", bytes.len());
        bytes.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let begins = bytes.len();
    bytes
        .extend(format!("{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{begins}\n%%EOF\n", pages + 3).bytes());
    bytes
}

fn heic() -> Vec<u8> {
    let pixels: Vec<u8> = (0..640 * 480).flat_map(|at: u32| [(at % 251).to_le_bytes()[0], 90, 30]).collect();
    encode_rgb8(640, 480, &pixels, &EncodeOptions { quality: 80, max_threads: 1 }).unwrap()
}

#[actix_web::test]
async fn a_pdf_bill_is_kept_as_it_came_and_read_page_by_page() {
    let bench = Bench::start().await;
    let file = bill(3, "");
    let document = bench.sent(&file).await;
    assert_eq!(document["state"], "clean", "{document}");
    let renditions = document["renditions"].as_array().unwrap();
    let pages = renditions.iter().filter(|file| file["rendition"] == "reading").map(|file| file["page"].clone());
    assert_eq!(pages.collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(renditions.len(), 5);
    let content = format!("/v1/documents/{}/content", document["id"].as_str().unwrap());
    let master = bench.get(&format!("{content}?rendition=master")).await;
    assert_eq!((master.header("content-type"), &master.bytes), ("application/pdf", &file));
    assert!(master.header("content-disposition").ends_with(".pdf\""));
    for page in [1, 3] {
        let read = bench.get(&format!("{content}?page={page}")).await;
        assert_eq!((read.status, read.header("content-type")), (200, "image/jpeg"));
    }
    bench.get(&format!("{content}?page=4")).await.refused(404, "not_found");
    bench.get(&format!("{content}?rendition=thumbnail&page=2")).await.refused(404, "not_found");
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn a_pdf_that_does_more_than_stand_there_is_rejected_with_its_reason() {
    let bench = Bench::start().await;
    for (file, code) in [
        (bill(1, "/OpenAction << /S /JavaScript /JS (x) >>"), "pdf_active"),
        (bill(31, ""), "pdf_too_long"),
        ([bill(1, ""), b"PK\x03\x04".to_vec()].concat(), "pdf_active"),
    ] {
        let document = bench.sent(&file).await;
        assert_eq!(document["reason"]["code"], code, "{document}");
    }
    bench.stop().await;
}

#[actix_web::test]
async fn a_photo_of_an_iphone_is_read_as_any_other() {
    let bench = Bench::start().await;
    let document = bench.sent(&heic()).await;
    assert_eq!(document["state"], "clean", "{document}");
    let content = format!("/v1/documents/{}/content", document["id"].as_str().unwrap());
    let master = bench.get(&format!("{content}?rendition=master")).await;
    assert_eq!(master.header("content-type"), "image/heic");
    assert_eq!(heifer::decode(&master.bytes).unwrap().width, 640);
    let reading = image::load_from_memory(&bench.get(&content).await.bytes).unwrap();
    assert_eq!((reading.width(), reading.height()), (640, 480));
    bench.assert_sound().await;
    bench.stop().await;
}

/// What the kernel says of a process, by the name of its line.
fn told(pid: u32, file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A process of ours for strangers' bytes, once it has shut itself in and waits for them.
fn shut_in(arguments: &[&OsStr]) -> Child {
    let mut process = Command::new(env!("CARGO_BIN_EXE_huzhu"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // As the service starts it: it may write to no file, and what the test says may go to one.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = process.id();
    // Two filters: one for what names files, one for everything else.
    while told(pid, "status", "Seccomp_filters:").is_some_and(|count| count != "2") {
        assert_eq!(process.try_wait().unwrap(), None, "it ended before it read");
        std::thread::yield_now();
    }
    // Of every thread that it has.
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let status = format!("task/{}/status", thread.unwrap().file_name().to_str().unwrap());
        for (name, value) in [("Seccomp:", "2"), ("Seccomp_filters:", "2"), ("NoNewPrivs:", "1")] {
            assert_eq!(told(pid, &status, name).as_deref(), Some(value), "{status}");
        }
    }
    process
}

#[test]
fn the_reader_is_shut_in_with_its_threads_before_it_reads() {
    let models = tempfile::tempdir().unwrap();
    for model in ["PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"] {
        std::fs::write(models.path().join(model), "no model").unwrap();
    }
    let mut reader = shut_in(&["read".as_ref(), "--models".as_ref(), models.path().as_os_str()]);
    let threads = std::thread::available_parallelism().unwrap().get().min(4) + 1;
    assert_eq!(told(reader.id(), "status", "Threads:"), Some(threads.to_string()));
    assert_eq!(told(reader.id(), "limits", "Max open files").as_deref(), Some("3 3 files"));
    drop(reader.stdin.take());
    assert_eq!(reader.wait().unwrap().code(), Some(1), "nothing is no page");
}

#[test]
fn the_checker_is_shut_in_before_it_reads_and_ends_with_its_answer() {
    let mut checker = shut_in(&["inspect".as_ref()]);
    let pid = checker.id();
    assert_eq!(told(pid, "status", "Threads:").as_deref(), Some("1"));
    assert_eq!(told(pid, "limits", "Max cpu time").as_deref(), Some("20 21 seconds"));
    for (limit, value) in
        [("Max core file size", "0 0 bytes"), ("Max file size", "0 0 bytes"), ("Max open files", "3 3 files")]
    {
        assert_eq!(told(pid, "limits", limit).as_deref(), Some(value));
    }
    let memory = told(pid, "limits", "Max address space").unwrap();
    let bytes: u64 = memory.split(' ').next().unwrap().parse().unwrap();
    assert!((512 << 20..1_024 << 20).contains(&bytes), "512 MiB and its own program: {memory}");
    checker.stdin.take().unwrap().write_all(&photo(50)).unwrap();
    let mut answer = Vec::new();
    checker.stdout.take().unwrap().read_to_end(&mut answer).unwrap();
    assert!(checker.wait().unwrap().success());
    assert!(answer.len() > 10_000 && answer[4..].starts_with(b"{\"passed\""));
}

#[actix_web::test]
async fn a_checker_that_does_not_run_loses_nothing() {
    let bench = Bench::checking(|documents| documents.checker = Some("/bin/false".into())).await;
    let file = photo(51);
    let id = bench.arrived(&file).await;
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "checking", "not refused: nobody has looked at it");
    assert_eq!(bench.count("select count(*) from job where kind = 'documents.inspect' and state = 'ready'").await, 1);
    let spool = bench.spooled(&id);
    assert_eq!(std::fs::metadata(spool).unwrap().len(), file.len() as u64);
    // With one that runs, the job goes on where it was.
    let bench = bench.restart().await;
    bench.clock.advance_secs(3_600);
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.stop().await;
}

#[actix_web::test]
async fn a_file_that_kills_its_checker_is_refused_and_one_killed_by_somebody_else_waits() {
    for (signal, state, code) in
        [("SEGV", "rejected", "picture_damaged"), ("XCPU", "rejected", "picture_too_large"), ("KILL", "checking", "")]
    {
        let directory = tempfile::tempdir().unwrap();
        let dying = directory.path().join("checker");
        std::fs::write(&dying, format!("#!/bin/sh\nkill -{signal} $$\n")).unwrap();
        std::fs::set_permissions(&dying, std::fs::Permissions::from_mode(0o700)).unwrap();
        let bench = Bench::checking(|documents| documents.checker = Some(dying)).await;
        let document = bench.sent(&photo(54)).await;
        assert_eq!(document["state"], state, "{signal}: {document}");
        assert_eq!(document["reason"]["code"].as_str().unwrap_or_default(), code, "{signal}");
        assert_eq!(bench.spool_files(), usize::from(state == "checking"));
        bench.stop().await;
    }
}

/// Something that speaks as ClamAV's daemon does, and answers each search with `answer`.
async fn clamd(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut command = [0; 10];
            stream.read_exact(&mut command).await.unwrap();
            assert_eq!(&command, b"zINSTREAM\0");
            while let Ok(length @ 1..) = stream.read_u32().await {
                let mut piece = vec![0; usize::try_from(length).unwrap()];
                stream.read_exact(&mut piece).await.unwrap();
            }
            stream.write_all(answer).await.unwrap();
        }
    });
    place
}

#[actix_web::test]
async fn a_file_with_a_virus_is_rejected_and_a_clean_one_goes_on() {
    for (answer, state) in [(&b"stream: Eicar-Test-Signature FOUND\0"[..], "rejected"), (b"stream: OK\0", "clean")] {
        let place = clamd(answer).await;
        let bench = Bench::checking(|documents| documents.clamd = Some(place)).await;
        let document = bench.sent(&photo(52)).await;
        assert_eq!(document["state"], state, "{document}");
        let infected = document["reason"]["code"] == "file_infected";
        assert_eq!(infected, state == "rejected");
        assert_eq!(bench.spool_files(), 0);
        bench.stop().await;
    }
}

#[actix_web::test]
async fn nothing_passes_while_the_search_for_viruses_does_not_work() {
    let silent = clamd(b"INSTREAM size limit exceeded. ERROR\0").await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for place in [silent, nobody] {
        let bench = Bench::checking(|documents| documents.clamd = Some(place)).await;
        let file = photo(53);
        let id = bench.arrived(&file).await;
        bench.work().await;
        assert_eq!(bench.document(&id).await["state"], "checking");
        bench.stop().await;
    }
}
