//! What officers decide while a neighbour is pulled from: neither their word nor what the pull writes is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fingerpost::federation::{
    neighbours::Wanted,
    peers::{self, Cursor, Outcome, Peer, PeerState, Report, Trust},
};

use crate::support::{
    liar::BEGAN,
    network::{Node, fact_of_a_liar},
    peer::Reply,
};

/// What an officer does with the peer.
#[derive(Clone, Copy, Debug)]
enum Command {
    Hold,
    Release,
    Approve,
    Compare,
    Distrust,
    Widen,
}

impl Command {
    async fn carry_out(self, here: &Node) -> Peer {
        let officer = here.harvester();
        let wanted = Wanted { most: Some(77), ..Wanted::default() };
        match self {
            Self::Hold => officer.hold_peer("1").await,
            Self::Release => officer.release_peer("1").await.map(|(peer, _)| peer),
            Self::Approve => officer.approve_peer("1").await,
            Self::Compare => officer.compare_peer("1").await,
            Self::Distrust => officer.trust_peer("1", Trust::Review).await,
            Self::Widen => officer.scope_peer("1", wanted).await,
        }
        .unwrap()
    }

    fn is_done(self, peer: &Peer) -> bool {
        match self {
            Self::Hold => peer.state == PeerState::Held && peer.held.is_some(),
            Self::Release | Self::Approve => peer.state == PeerState::Following && peer.held.is_none(),
            Self::Compare => peer.cursor.compared_at.is_none(),
            Self::Distrust => peer.trust == Trust::Review,
            Self::Widen => peer.scope.most == 77,
        }
    }
}

/// A pull writes between the moment at which a command has read the peer and the moment at which it writes.
async fn both_stand(here: &Node, peer: &Peer, command: Command) {
    let before = here.peer(peer).await;
    let now = here.app.clock.now();
    let told = Peer {
        cursor: Cursor { after: before.cursor.after + 1, head: before.cursor.head + 1, ..before.cursor.clone() },
        attribution: Some(format!("said before {command:?}")),
        tried_at: Some(now),
        succeeded_at: Some(now),
        report: Some(Report { pages: 7, ..Report::default() }),
        ..before
    };
    let tx = here.app.app().db.write().await.unwrap();
    peers::save_progress(&tx, &told).await.unwrap();
    let pull = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tx.commit().await.unwrap();
    };
    let (said, ()) = tokio::join!(command.carry_out(here), pull);
    let now = here.peer(peer).await;
    assert_eq!(said, now, "{command:?}: the officer is shown the peer as it stands");
    assert!(command.is_done(&now), "{command:?}: {now:?}");
    assert_eq!(
        (now.cursor.after, now.attribution, now.tried_at, now.succeeded_at, now.report),
        (told.cursor.after, told.attribution, told.tried_at, told.succeeded_at, told.report),
        "{command:?}: what the pull has written stands"
    );
}

fact_of_a_liar! {
    async fn a_command_undoes_nothing_that_a_pull_writes_at_that_moment(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        for command in [Command::Compare, Command::Widen, Command::Distrust, Command::Hold, Command::Release, Command::Hold, Command::Approve] {
            both_stand(&here, &peer, command).await;
        }
    }
}

fact_of_a_liar! {
    async fn a_pull_undoes_nothing_that_an_officer_decides_meanwhile(here, liar) {
        liar.tell_services(40);
        liar.page_items(10);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let pages = Arc::new(AtomicUsize::new(0));
        let seen = pages.clone();
        liar.twist(move |asked, page| {
            let reply = Reply::json(page.to_string());
            let third = asked.is_feed() && seen.fetch_add(1, Ordering::SeqCst) == 2;
            if third { reply.late(Duration::from_secs(1)) } else { reply }
        });
        let decide = async {
            while pages.load(Ordering::SeqCst) < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Command::Distrust.carry_out(&here).await;
            Command::Widen.carry_out(&here).await;
            // Where we stand is what the pull writes, too: this waits for its end.
            Command::Compare.carry_out(&here).await
        };
        let (report, said) = tokio::join!(here.pull(&peer), decide);
        assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, 41, None));
        let now = here.peer(&peer).await;
        assert_eq!(said, now);
        for command in [Command::Distrust, Command::Widen, Command::Compare] {
            assert!(command.is_done(&now), "{command:?}: {now:?}");
        }
        assert_eq!((now.cursor.after, now.succeeded_at), (BEGAN + 41, Some(here.app.clock.now())));
    }
}
