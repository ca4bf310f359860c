//! What the audit trail can tell of: everything that is put on record, and in which words.

/// Something that was done and is put on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Somebody signed in.
    SignIn,
    /// A provider's word about somebody was not enough.
    BeRefused,
    /// Somebody showed their passkey.
    ShowPasskey,
    /// Somebody did not.
    FailPasskey,
    /// Somebody added a passkey.
    AddPasskey,
    /// Somebody removed one of theirs.
    RemovePasskey,
    /// Somebody's passkeys were deleted for them.
    ResetPasskeys,
    /// Somebody was given a role for the directory, or lost it on the page of roles.
    GiveRole,
    /// Somebody lost their role by a command.
    RemoveRole,
    /// Somebody accepted the terms.
    AgreeToTerms,
    /// Somebody asked to manage an organisation.
    Claim,
    /// They took that back.
    TakeBackClaim,
    /// It was decided.
    DecideClaim,
    /// Members of an organisation were invited, changed or removed, or left.
    Members,
    /// Somebody accepted an invitation.
    AcceptInvitation,
    /// A token was made.
    CreateToken,
    /// A token was ended.
    RevokeToken,
    /// An organisation was added.
    AddOrganisation,
    /// A change was decided.
    DecideChange,
    /// A change was taken back before that.
    TakeBackChange,
    /// A new listing, or changes that were proposed together, were decided.
    DecideListing,
    /// Somebody was called back about a protected listing.
    CallBack,
    /// Somebody asked for another look at a refusal.
    AskAgain,
    /// That was decided.
    DecideAppeal,
    /// A listing was hidden.
    Hide,
    /// A hidden listing was shown again.
    Show,
    /// A listing was taken out.
    Withdraw,
    /// Something was added to another directory's record.
    Annotate,
    /// It was decided how much of a place is shown.
    DecidePlace,
    /// A contact that looks personal was published.
    PublishContact,
    /// The council changed what it asks organisations to declare.
    AskForDeclarations,
    /// A report was settled.
    SettleReport,
    /// A contact was erased.
    EraseContact,
    /// Somebody's name, address or number was erased.
    EraseWords,
    /// What was written in a report was erased.
    EraseReport,
    /// Somebody's account was deleted by somebody else.
    Forget,
    /// Somebody deleted their account.
    BeForgotten,
    /// A table was taken along.
    Download,
    /// Everything was exported.
    Export,
    /// A file was imported.
    Import,
    /// A setting is another one than at the last start.
    ChangeSetting,
    /// A text was saved as a draft.
    WriteText,
    /// A text was published.
    PublishText,
    /// A text was taken back.
    WithdrawText,
    /// An edition of the support checker was published.
    PublishChecker,
    /// It was taken back.
    WithdrawChecker,
}

impl Deed {
    /// Everything, in the order of the table in `docs/guides/people-and-roles.md`.
    pub const ALL: [Self; 46] = [
        Self::SignIn,
        Self::BeRefused,
        Self::ShowPasskey,
        Self::FailPasskey,
        Self::AddPasskey,
        Self::RemovePasskey,
        Self::ResetPasskeys,
        Self::GiveRole,
        Self::RemoveRole,
        Self::AgreeToTerms,
        Self::Claim,
        Self::TakeBackClaim,
        Self::DecideClaim,
        Self::Members,
        Self::AcceptInvitation,
        Self::CreateToken,
        Self::RevokeToken,
        Self::AddOrganisation,
        Self::DecideChange,
        Self::TakeBackChange,
        Self::DecideListing,
        Self::CallBack,
        Self::AskAgain,
        Self::DecideAppeal,
        Self::Hide,
        Self::Show,
        Self::Withdraw,
        Self::Annotate,
        Self::DecidePlace,
        Self::PublishContact,
        Self::AskForDeclarations,
        Self::SettleReport,
        Self::EraseContact,
        Self::EraseWords,
        Self::EraseReport,
        Self::Forget,
        Self::BeForgotten,
        Self::Download,
        Self::Export,
        Self::Import,
        Self::ChangeSetting,
        Self::WriteText,
        Self::PublishText,
        Self::WithdrawText,
        Self::PublishChecker,
        Self::WithdrawChecker,
    ];

    /// What is kept for less long than everything else: how people came in.
    pub const SIGNING_IN: [Self; 4] = [Self::SignIn, Self::BeRefused, Self::ShowPasskey, Self::FailPasskey];

    /// The words in the database, on the page and in exports, and what they mean.
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::SignIn => ("sign in", "with a link or through a provider"),
            Self::BeRefused => ("be refused", "a sign-in provider did not vouch for the person's email address"),
            Self::ShowPasskey => ("show a passkey", "as the second step of signing in"),
            Self::FailPasskey => ("fail to show a passkey", "as the second step of signing in"),
            Self::AddPasskey => ("add a passkey", "to their own account"),
            Self::RemovePasskey => ("remove a passkey", "from their own account"),
            Self::ResetPasskeys => ("reset passkeys", "delete all of somebody else's passkeys"),
            Self::GiveRole => ("give a role", "for the whole directory, or “no role”"),
            Self::RemoveRole => ("remove a role", "with the command"),
            Self::AgreeToTerms => ("agree to the terms", "for contributors, and in which wording"),
            Self::Claim => ("claim", "ask to manage an organisation"),
            Self::TakeBackClaim => ("take back a claim", "before it was decided"),
            Self::DecideClaim => ("decide a claim", "or grant it automatically, by the address on the listing or a code"),
            Self::Members => ("members", "invite, change or remove a member of an organisation, or leave it"),
            Self::AcceptInvitation => ("accept an invitation", "to manage an organisation, and as what"),
            Self::CreateToken => ("create a token", "for a program of an organisation"),
            Self::RevokeToken => ("revoke a token", "of an organisation"),
            Self::AddOrganisation => ("add an organisation", "as a draft that waits for a moderator"),
            Self::DecideChange => ("decide a change", "accept or refuse it, whole or in part"),
            Self::TakeBackChange => ("take back a change", "before it was decided, with what was proposed with it"),
            Self::DecideListing => ("decide a new listing", "or several changes that were proposed together"),
            Self::CallBack => ("call back", "about a protected listing; moderators also read the number and who answered"),
            Self::AskAgain => ("ask for a second review", "of what was refused"),
            Self::DecideAppeal => ("decide an appeal", "reopen what was refused, or keep the decision"),
            Self::Hide => ("hide", "a listing, from the public"),
            Self::Show => ("show", "a hidden or withdrawn listing again"),
            Self::Withdraw => ("withdraw a listing", "for good"),
            Self::Annotate => ("annotate", "add a note or categories to another directory's record, or hide it here"),
            Self::DecidePlace => ("decide how much of a place is shown", "with the command"),
            Self::PublishContact => ("publish a contact", "that looked personal, once the person has agreed"),
            Self::AskForDeclarations => ("ask for declarations", "change what organisations are asked to declare"),
            Self::SettleReport => ("settle a report", "that something is wrong with a listing"),
            Self::EraseContact => ("erase a contact", "from a listing and its history"),
            Self::EraseWords => ("erase somebody's details", "their name, address or number, from a listing and its history"),
            Self::EraseReport => ("erase a report", "what was written in it and in the answer"),
            Self::Forget => ("forget", "delete somebody else's account"),
            Self::BeForgotten => ("be forgotten", "delete one's own account"),
            Self::Download => ("download", "the quality board as a table"),
            Self::Export => ("export everything, private parts too", "with the command"),
            Self::Import => ("import", "a file, and what became of it"),
            Self::ChangeSetting => ("change a setting", "noticed when the server starts"),
            Self::WriteText => ("write a text", "save a draft of a guide, notice or page"),
            Self::PublishText => ("publish a text", "a guide, notice or page"),
            Self::WithdrawText => ("withdraw a text", "a guide, notice or page"),
            Self::PublishChecker => ("publish the support checker", "an edition, and who reviewed it"),
            Self::WithdrawChecker => ("withdraw the support checker", "an edition, and why"),
        }
    }

    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        self.told().0
    }

    /// What that means.
    pub const fn meaning(self) -> &'static str {
        self.told().1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_deeds_are_called_the_same() {
        let names: HashSet<&str> = Deed::ALL.into_iter().map(Deed::as_str).collect();
        assert_eq!(names.len(), Deed::ALL.len());
        let deeds: HashSet<Deed> = Deed::ALL.into_iter().collect();
        assert_eq!(deeds.len(), Deed::ALL.len());
    }
}
