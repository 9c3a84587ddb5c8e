//! Statements, notices and reports in ISO 20022: what they move, what they only tell, and what keeps them out.

use huzhu::recon::documents::{
    self, BankDocumentKind as Kind, BankDocumentSource as Source, BankDocumentState as State, Incoming, Outcome,
};

use super::scene::{ACCOUNT, Scene, states};

async fn bring(scene: &Scene, kind: Kind, text: &str) -> Outcome {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let taken = documents::take(app, link, Incoming::new(kind, Source::Upload), text.as_bytes()).await.unwrap();
    documents::apply(app, link, taken.id).await.unwrap()
}

/// A statement of the day after its predecessor's.
pub fn camt053(seq: u8, opening: &str, closing: &str, entries: &str) -> String {
    let balance = |code: &str, amount: &str| {
        let (sign, amount) = amount.strip_prefix('-').map_or(("CRDT", amount), |amount| ("DBIT", amount));
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='CNY'>{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>\
             <Dt><Dt>2026-03-{}</Dt></Dt></Bal>",
            15 + seq
        )
    };
    format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt><Id>S{seq}</Id>\
         <ElctrncSeqNb>{seq}</ElctrncSeqNb><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", closing)
    )
}

/// An entry of `amount` with what stands in it.
pub fn entry(amount: &str, direction: &str, serial: &str, kind: &str, more: &str) -> String {
    let [domain, family, sub] = kind.split('/').collect::<Vec<_>>()[..] else { panic!("{kind}") };
    format!(
        "<Ntry><Amt Ccy='CNY'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-16</Dt></BookgDt>\
         <AcctSvcrRef>{serial}</AcctSvcrRef><BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>\
         <NtryDtls>{more}</NtryDtls></Ntry>"
    )
}

pub fn detail(bank_ref: &str) -> String {
    format!("<TxDtls><Refs><EndToEndId>{bank_ref}</EndToEndId></Refs></TxDtls>")
}

fn report(message: &str, more: &str) -> String {
    format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-03-16T10:00:00+08:00</CreDtTm></GrpHdr>{more}</CstmrPmtStsRpt></Document>"
    )
}

async fn paid(scene: &Scene) -> (super::scene::Granted, String) {
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    (granted, bank_ref)
}

#[actix_web::test]
async fn only_what_is_booked_moves_money_and_a_return_is_one_by_its_kind() {
    let scene = Scene::start().await;
    let (granted, bank_ref) = paid(&scene).await;
    let debit = entry("700.00", "DBIT", "X1", "PMNT/ICDT/DMCT", &detail(&bank_ref));
    let pending = debit.replace("BOOK", "PDNG").replace("X1", "X2");
    let fund = "<TxDtls><RltdPties><DbtrAcct><Id><Othr><Id>99990001</Id></Othr></Id></DbtrAcct></RltdPties></TxDtls>";
    let fund = entry("1000.00", "CRDT", "X3", "PMNT/RCDT/DMCT", fund);
    let fee = entry("0.50", "DBIT", "X4", "ACMT/MDOP/CHRG", "");
    let file = camt053(1, "5000.00", "5299.50", &format!("{debit}{pending}{fund}{fee}"));
    let outcome = bring(&scene, Kind::Camt053, &file).await;
    assert_eq!((outcome.state, outcome.items, outcome.seq), (State::Applied, 3, Some(1)), "{outcome:?}");
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, [""; 0]);
    scene.verify().await;
    // The bank says that it is no reversal; it is a return all the same.
    let back = entry(
        "700.00",
        "CRDT",
        "X5",
        "PMNT/ICDT/RRTN",
        &detail(&bank_ref).replace("</TxDtls>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>"),
    );
    let back =
        back.replace("<Sts>", "<RvslInd>false</RvslInd><Sts>").replace("03-16</Dt></BookgDt>", "03-17</Dt></BookgDt>");
    let outcome = bring(&scene, Kind::Camt053, &camt053(2, "5299.50", "5999.50", &back)).await;
    assert_eq!(outcome.state, State::Applied, "{outcome:?}");
    assert_eq!(scene.states(granted).await, states("returned", "failed", "PayoutFailed"));
    scene.stop().await;
}

#[actix_web::test]
async fn what_is_not_said_or_does_not_fit_keeps_a_statement_out() {
    let scene = Scene::start().await;
    let one = entry("1.00", "CRDT", "X1", "PMNT/RCDT/DMCT", "");
    let good = camt053(1, "0.00", "1.00", &one);
    for (from, to, state, kind) in [
        ("<Sts><Cd>BOOK</Cd></Sts>", "", State::Quarantined, "B08"),
        ("<BookgDt><Dt>2026-03-16</Dt></BookgDt>", "", State::Quarantined, "B08"),
        (
            "<Amt Ccy='CNY'>1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>",
            "<Amt Ccy='CNY'>1.00</Amt><Dt>",
            State::Quarantined,
            "B08",
        ),
        ("<ElctrncSeqNb>1</ElctrncSeqNb>", "", State::Quarantined, "B08"),
        ("<Cd>CLBD</Cd>", "<Cd>ITBD</Cd>", State::Quarantined, "B08"),
        ("<Ntry><Amt Ccy='CNY'>1.00<", "<Ntry><Amt Ccy='CNY'>1.01<", State::Quarantined, "B08"),
        ("<Ntry><Amt Ccy='CNY'>1.00<", "<Ntry><Amt Ccy='CNY'>0<", State::Quarantined, "B08"),
        ("<Ntry><Amt Ccy='CNY'>", "<Ntry><Amt Ccy='USD'>", State::Quarantined, "B18"),
        ("<Ccy>CNY</Ccy>", "<Ccy>USD</Ccy>", State::Quarantined, "B18"),
        (ACCOUNT, "1111", State::Quarantined, "B18"),
        ("</Stmt>", "</Stmt><Stmt><Acct><Id><Othr><Id>2</Id></Othr></Id></Acct></Stmt>", State::Quarantined, "B08"),
        (
            ">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            ">12..34</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            State::Rejected,
            "B08",
        ),
        (
            ">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            ">1e3</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            State::Rejected,
            "B08",
        ),
        (
            ">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            ">-1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            State::Rejected,
            "B08",
        ),
        ("camt.053.001.08", "camt.052.001.08", State::Rejected, "B08"),
        ("<Document", "<!DOCTYPE a><Document", State::Rejected, "B08"),
    ] {
        let odd = good.replacen(from, to, 1);
        assert_ne!(odd, good, "{from}");
        let outcome = bring(&scene, Kind::Camt053, &odd).await;
        assert_eq!(outcome.state, state, "{from} -> {to}: {outcome:?}");
        assert_eq!(scene.breaks().await, [kind], "{from} -> {to}");
        scene.resolve_breaks().await;
    }
    assert_eq!(scene.app.count("select count(*) from statement").await, 0);
    assert_eq!(bring(&scene, Kind::Camt053, &good).await.state, State::Applied);
    // Said once more in other bytes, it is another content under a taken number.
    let again = bring(&scene, Kind::Camt053, &good.replace("<Id>S1</Id>", "<Id>S1B</Id>")).await;
    assert_eq!(again.state, State::Quarantined);
    scene.stop().await;
}

#[actix_web::test]
async fn a_sum_for_a_whole_batch_settles_each_of_its_orders() {
    for with_notice in [false, true] {
        let scene = Scene::start().await;
        let first = scene.grant(&scene.app.city.member, &[70_000]).await;
        let second = scene.grant(&scene.app.city.other_member, &[5_000]).await;
        let batch = scene.pay().await;
        scene.settle_down().await;
        let file = String::from_utf8(scene.file_of(&batch).await).unwrap();
        let batch_ref = file.split('|').nth(2).unwrap();
        let sum = entry(
            "750.00",
            "DBIT",
            "X1",
            "PMNT/ICDT/DMCT",
            &format!("<Btch><PmtInfId>{batch_ref}</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>"),
        );
        if with_notice {
            let of = |bank_ref: String, amount: &str| {
                detail(&bank_ref)
                    .replace("</Refs>", &format!("</Refs><Amt Ccy='CNY'>{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>"))
            };
            let details = of(scene.bank_ref(first).await, "700.00") + &of(scene.bank_ref(second).await, "50.00");
            let notice = format!(
                "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.08'><BkToCstmrDbtCdtNtfctn><Ntfctn>\
                 <Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id></Acct>{}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>",
                entry("750.00", "DBIT", "X1", "PMNT/ICDT/DMCT", &details)
            );
            assert_eq!(bring(&scene, Kind::Camt054, &notice).await.items, 2);
            assert_eq!(scene.states(first).await.0, "paid", "a notice moves nothing");
        }
        let outcome = bring(&scene, Kind::Camt053, &camt053(1, "5000.00", "4250.00", &sum)).await;
        assert_eq!(outcome.state, State::Applied, "{outcome:?}");
        assert_eq!(scene.states(first).await, states("settled", "settled", "Paid"));
        assert_eq!(scene.states(second).await, states("settled", "settled", "Paid"));
        let breaks: &[&str] = if with_notice { &[] } else { &["B17"] };
        assert_eq!(scene.breaks().await, breaks);
        scene.stop().await;
    }
}

#[actix_web::test]
async fn a_sum_that_nobody_can_tell_apart_waits_in_suspense() {
    let scene = Scene::start().await;
    let (granted, _) = paid(&scene).await;
    let sum =
        entry("750.00", "DBIT", "X1", "PMNT/ICDT/DMCT", "<Btch><PmtInfId>B9</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>");
    let outcome = bring(&scene, Kind::Camt053, &camt053(1, "5000.00", "4250.00", &sum)).await;
    assert_eq!(outcome.state, State::Applied, "{outcome:?}");
    assert_eq!(scene.states(granted).await.0, "paid");
    assert_eq!(scene.breaks().await, ["B02", "B17"]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_report_moves_what_it_names_once_however_often_it_comes() {
    let scene = Scene::start().await;
    let named = scene.grant(&scene.app.city.member, &[70_000]).await;
    let other = scene.grant(&scene.app.city.other_member, &[5_000]).await;
    scene.bank.fault(huzhu::bank_sim::faults::Fault::AnswerLost, 1);
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    let file = String::from_utf8(scene.file_of(&batch).await).unwrap();
    let batch_ref = file.split('|').nth(2).unwrap();
    let bank_ref = scene.bank_ref(named).await;
    let of_batch = |status: &str, more: &str| {
        format!(
            "<OrgnlGrpInfAndSts><OrgnlMsgId>{batch_ref}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{status}</OrgnlGrpInfAndSts>\
             <OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch_ref}</OrgnlPmtInfId>{more}</OrgnlPmtInfAndSts>"
        )
    };
    let refused = |reason: &str, amount: &str| {
        format!(
            "<TxInfAndSts><OrgnlEndToEndId>{bank_ref}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>\
             <OrgnlTxRef><Amt><InstdAmt Ccy='CNY'>{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>"
        )
    };
    let group = "<GrpSts>PART</GrpSts>";
    // Strangers, duplicates and other amounts move nothing.
    let stranger = report("M1", &of_batch(group, "").replace(batch_ref, "B9"));
    assert_eq!(bring(&scene, Kind::Pain002, &stranger).await.state, State::Quarantined);
    assert_eq!(scene.breaks().await, ["B11"]);
    scene.resolve_breaks().await;
    let duplicate = report("M2", &of_batch("<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>DU01</Cd></Rsn></StsRsnInf>", ""));
    assert_eq!(bring(&scene, Kind::Pain002, &duplicate).await.state, State::Applied);
    assert_eq!((scene.states(named).await.0.as_str(), scene.breaks().await), ("in_doubt", vec!["B12".to_owned()]));
    scene.resolve_breaks().await;
    let amount = report("M3", &of_batch("", &refused("AC04", "700.01")));
    assert_eq!(bring(&scene, Kind::Pain002, &amount).await.state, State::Applied);
    assert_eq!((scene.states(named).await.0.as_str(), scene.breaks().await), ("in_doubt", vec!["B06".to_owned()]));
    scene.resolve_breaks().await;
    // Some of it: what is named is refused, the bank has the rest.
    let part = report("M4", &of_batch(group, &refused("AC04", "700.00")));
    for _ in 0..3 {
        assert_eq!(bring(&scene, Kind::Pain002, &part).await.state, State::Applied);
    }
    assert_eq!(bring(&scene, Kind::Pain002, &part.replace("<MsgId>M4<", "<MsgId>M5<")).await.state, State::Duplicate);
    assert_eq!(scene.states(named).await.0, "rejected");
    assert_eq!(scene.states(other).await.0, "accepted");
    assert_eq!(scene.breaks().await, [""; 0]);
    // Waits for a signature there: accepted, and people are told.
    let signature = report("M6", &of_batch("<GrpSts>PATC</GrpSts>", ""));
    assert_eq!(bring(&scene, Kind::Pain002, &signature).await.state, State::Applied);
    let views = documents::list(scene.app.app.db.read(), 1).await.unwrap();
    assert_eq!(views[0].errors[0].code, "needs_signature_at_bank");
    scene.stop().await;
}
