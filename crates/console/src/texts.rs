//! All that pages say, in English and in Japanese. Words are those of AWS's console where it has them.

use crate::language::Text;

/// Defines what is said: a name, English, Japanese.
macro_rules! texts {
    ($($name:ident, $en:literal, $ja:literal;)+) => {
        $(pub(crate) const $name: Text = Text { en: $en, ja: $ja };)+

        #[cfg(test)]
        const ALL: &[(&str, Text)] = &[$((stringify!($name), $name)),+];
    };
}

texts! {
    CONSOLE, "IMDS console", "IMDS コンソール";
    SKIP, "Skip to content", "本文へスキップ";
    SECTIONS, "Sections", "セクション";
    OTHER_LANGUAGE, "日本語", "English";
    SIGN_OUT, "Sign out", "サインアウト";

    INSTANCES, "Instances", "インスタンス";
    REQUESTS, "Requests", "リクエスト";
    CALLERS, "IMDSv1 callers", "IMDSv1 の呼び出し元";
    HISTORY, "History", "履歴";
    LAUNCH_TEMPLATES, "Launch templates", "起動テンプレート";
    DEFAULTS, "IMDS defaults", "IMDS のデフォルト";
    FAULTS, "Faults", "障害の注入";

    NAME, "Name", "名前";
    INSTANCE_ID, "Instance ID", "インスタンス ID";
    INSTANCE_STATE, "Instance state", "インスタンスの状態";
    INSTANCE_TYPE, "Instance type", "インスタンスタイプ";
    AVAILABILITY_ZONE, "Availability Zone", "アベイラビリティーゾーン";
    AMI_ID, "AMI ID", "AMI ID";
    PRIVATE_IPV4, "Private IPv4 address", "プライベート IPv4 アドレス";
    PUBLIC_IPV4, "Public IPv4 address", "パブリック IPv4 アドレス";
    IAM_PROFILE, "IAM instance profile", "IAM インスタンスプロファイル";
    LAUNCH_TIME, "Launch time", "起動時刻";
    REGION, "Region", "リージョン";
    SHOW, "Show", "表示";
    NO_INSTANCES, "No instances in this Region.", "このリージョンにはインスタンスがありません。";
    NEXT_PAGE, "Next page", "次のページ";
    ACTIONS, "Actions", "アクション";

    DETAILS, "Details", "詳細";
    METADATA_OPTIONS, "Instance metadata options", "インスタンスメタデータオプション";
    MODIFY_OPTIONS, "Modify instance metadata options", "インスタンスメタデータオプションの変更";
    OPTIONS_OF, "Change how the instance metadata service answers this instance.",
        "このインスタンスに対するインスタンスメタデータサービスの動作を変更します。";
    IMDS_ENDPOINT, "Instance metadata service", "インスタンスメタデータサービス";
    IPV6_ENDPOINT, "Metadata IPv6 endpoint", "メタデータ IPv6 エンドポイント";
    IPV6_HELP, "Also answer at fd00:ec2::254. Only Nitro-based instance types have it.",
        "fd00:ec2::254 でも応答します。Nitro ベースのインスタンスタイプでのみ使用できます。";
    METADATA_VERSION, "Metadata version", "メタデータのバージョン";
    TOKEN_OPTIONAL, "V1 and V2 (token optional)", "V1 および V2 (トークンはオプション)";
    TOKEN_REQUIRED, "V2 only (token required)", "V2 のみ (トークンは必須)";
    TOKEN_OPTIONAL_HELP, "Requests without a session token are answered too (IMDSv1).",
        "セッショントークンのないリクエスト (IMDSv1) にも応答します。";
    TOKEN_REQUIRED_HELP, "Requests without a session token are refused with 401.",
        "セッショントークンのないリクエストは 401 で拒否されます。";
    HOP_LIMIT, "Metadata response hop limit", "メタデータレスポンスのホップ制限";
    HOP_LIMIT_HELP, "How many network hops a token may travel, 1 to 64. A container usually needs 2.",
        "トークンが通過できるネットワークホップ数です (1～64)。コンテナからの利用には通常 2 が必要です。";
    TAGS_IN_METADATA, "Allow tags in instance metadata", "インスタンスメタデータのタグを許可";
    ENABLED, "Enabled", "有効";
    DISABLED, "Disabled", "無効";
    CANCEL, "Cancel", "キャンセル";
    SAVE, "Save", "保存";
    STATE, "State", "状態";
    PENDING, "Pending", "保留中";
    APPLIED, "Applied", "適用済み";
    PENDING_HELP, "The change is stored and takes effect in a moment.",
        "変更は保存されました。まもなく適用されます。";
    CHANGED, "The instance metadata options were changed.", "インスタンスメタデータオプションを変更しました。";
    NOTHING_CHANGED, "Nothing was changed: all was like that already.", "変更はありません。すでにその設定になっています。";
    NOT_CHANGED, "The options were not changed.", "オプションは変更されませんでした。";
    SAME_BY_CLI, "The same with the AWS CLI", "AWS CLI で同じ操作を行うには";

    RUNNING, "Running", "実行中";
    STOPPED, "Stopped", "停止済み";
    STOPPING, "Stopping", "停止中";
    SHUTTING_DOWN, "Shutting-down", "シャットダウン中";
    TERMINATED, "Terminated", "終了済み";

    METADATA, "Metadata", "メタデータ";
    BROWSE_METADATA, "Browse metadata", "メタデータを参照";
    LISTING, "Entries", "エントリ";
    VALUE, "Value", "値";
    EMPTY_LISTING, "No entries.", "エントリはありません。";
    BINARY_VALUE, "This value is not text. Size in bytes:", "この値はテキストではありません。サイズ (バイト):";
    HIDDEN_VALUE, "Credentials are not shown in the console. The commands below get them.",
        "認証情報はコンソールには表示されません。次のコマンドで取得できます。";
    PENDING_VALUE, "This signature is made when it is first asked for.",
        "この署名は最初にリクエストされたときに作成されます。";
    COMMANDS, "Get it on the instance", "インスタンスで取得するには";
    COPY, "Copy", "コピー";
    COPIED, "Copied", "コピーしました";

    EVENTS, "Events", "イベント";
    EVENTS_LEAD, "What the metadata of this instance announces. Only metadata changes: the instance keeps running.",
        "このインスタンスのメタデータで通知されるイベントです。変わるのはメタデータのみで、インスタンスは実行を続けます。";
    NO_EVENTS, "No events.", "イベントはありません。";
    ADD_EVENT, "Simulate an event", "イベントをシミュレート";
    EVENT, "Event", "イベント";
    WHAT, "What happens", "内容";
    EVENT_TIME, "Time", "時刻";
    SHOWN_FROM, "Shown from", "表示開始";
    SPOT_INTERRUPTION, "Spot Instance interruption", "スポットインスタンスの中断";
    REBALANCE, "Rebalance recommendation", "再調整に関するレコメンデーション";
    MAINTENANCE, "Scheduled maintenance", "予定されたメンテナンス";
    LIFECYCLE_STATE, "Target lifecycle state", "ターゲットライフサイクルの状態";
    IN_MINUTES, "In how many minutes", "何分後";
    IN_MINUTES_HELP, "Empty: as soon as on EC2. A spot interruption is announced two minutes before.",
        "空欄の場合は EC2 と同じタイミングです。スポットの中断は 2 分前に通知されます。";
    COMPLETE, "Complete", "完了";
    CALL_OFF, "Call off", "取り消し";
    COMPLETED, "Completed", "完了済み";
    CANCELED, "Canceled", "取り消し済み";

    CALLERS_LEAD, "Who still asks without a session token, and would fail once tokens are required.",
        "セッショントークンなしでリクエストしている呼び出し元です。トークンを必須にすると失敗します。";
    NO_CALLERS, "Nobody has used IMDSv1 since the service started.",
        "サービスの起動以降、IMDSv1 は使用されていません。";
    SOURCE_ADDRESS, "Source address", "送信元アドレス";
    AGENT, "Agent", "エージェント";
    ANSWERED, "Answered", "応答済み";
    REJECTED, "Rejected (401)", "拒否 (401)";
    OTHER_STATUS, "Other", "その他";
    FIRST_SEEN, "First seen", "初回";
    LAST_SEEN, "Last seen", "最終";
    NO_TOKEN_ANSWERED, "MetadataNoToken", "MetadataNoToken";
    NO_TOKEN_ANSWERED_HELP, "requests without a token that were answered",
        "トークンなしで応答されたリクエスト";
    NO_TOKEN_REJECTED, "MetadataNoTokenRejected", "MetadataNoTokenRejected";
    NO_TOKEN_REJECTED_HELP, "requests without a token that were rejected",
        "トークンなしで拒否されたリクエスト";
    FORGOTTEN_CALLERS, "Callers that were forgotten, because there are too many:",
        "数が多すぎるため破棄された呼び出し元:";
    LOST_RECORDS, "Requests that came too fast for the console to note:",
        "処理が追いつかず、コンソールが記録できなかったリクエスト:";

    HISTORY_LEAD, "How many requests used IMDSv1 and IMDSv2, since the service started. Times are UTC.",
        "サービスの起動以降に IMDSv1 と IMDSv2 を使用したリクエストの数です。時刻は UTC です。";
    RANGE, "Range", "期間";
    ONE_HOUR, "1 hour", "1 時間";
    THREE_HOURS, "3 hours", "3 時間";
    ONE_DAY, "1 day", "1 日間";
    FIFTEEN_DAYS, "15 days", "15 日間";
    V1_REQUESTS, "IMDSv1", "IMDSv1";
    V1_REQUESTS_HELP, "requests without a session token", "セッショントークンなしのリクエスト";
    V2_REQUESTS, "IMDSv2", "IMDSv2";
    V2_REQUESTS_HELP, "requests for a session token, and with one", "セッショントークンの取得、またはトークン付きのリクエスト";
    TOKENS_LOST, "Lost tokens", "失われたトークン";
    TOKENS_LOST_HELP, "tokens sent to clients beyond the hop limit", "ホップ制限より遠いクライアントに送信されたトークン";
    VERSIONS_CHART, "Requests by metadata version", "バージョン別のリクエスト数";
    LOST_CHART, "Lost tokens over time", "失われたトークンの推移";
    MOST_V1, "Who uses IMDSv1 most", "IMDSv1 の主な呼び出し元";
    ALL_CALLERS, "All IMDSv1 callers", "IMDSv1 のすべての呼び出し元";
    AS_TABLE, "The same as a table", "表で表示";
    NOW, "now", "現在";

    LAUNCH_TEMPLATES_LEAD, "Which metadata options instances get that are launched from a template.",
        "起動テンプレートから起動したインスタンスに適用されるメタデータオプションを確認できます。";
    NO_LAUNCH_TEMPLATES, "No launch templates in this Region.", "このリージョンには起動テンプレートがありません。";
    CREATE_BY_CLI, "Create one with the AWS CLI", "AWS CLI で作成するには";
    TEMPLATE_NAME, "Launch template name", "起動テンプレート名";
    TEMPLATE_ID, "Launch template ID", "起動テンプレート ID";
    DEFAULT_VERSION, "Default version", "デフォルトバージョン";
    LATEST_VERSION, "Latest version", "最新バージョン";
    CREATED, "Created", "作成日時";
    VERSIONS, "Versions", "バージョン";
    DESCRIPTION, "Description", "説明";
    DEFAULT, "Default", "デフォルト";
    NOT_STATED, "Not set", "指定なし";
    LAUNCH, "What a launch gets", "起動時に適用される値";
    LAUNCH_LEAD, "Metadata options of an instance that is launched from this version now. Version:",
        "このバージョンから今インスタンスを起動した場合のメタデータオプションです。バージョン:";
    LAUNCH_REFUSED, "A launch from this version is refused.", "このバージョンからの起動は拒否されます。";
    OPTION, "Option", "オプション";
    STATED_BY, "Set by", "設定元";
    BY_TEMPLATE, "Launch template", "起動テンプレート";
    BY_ACCOUNT, "IMDS defaults of the account", "アカウントの IMDS デフォルト";
    BY_IMAGE, "AMI", "AMI";
    BY_EC2, "EC2's default", "EC2 のデフォルト";
    OTHER_AMI, "With another AMI", "別の AMI を使用";
    OTHER_AMI_HELP, "An AMI ID that takes the place of the template's.", "テンプレートの AMI の代わりに使用する AMI ID です。";
    LAUNCH_BY_CLI, "Launch with the AWS CLI", "AWS CLI で起動するには";

    DEFAULTS_LEAD, "What new instances of a Region get unless the launch says otherwise, whatever the AMI says.",
        "起動時に指定がない場合に、リージョンの新しいインスタンスに適用されるデフォルトです。AMI の設定より優先されます。";
    DEFAULTS_CHANGED, "The IMDS defaults were changed.", "IMDS のデフォルトを変更しました。";
    DEFAULTS_NOT_CHANGED, "The IMDS defaults were not changed.", "IMDS のデフォルトは変更されませんでした。";
    NO_PREFERENCE, "No preference", "設定なし";
    ENFORCED, "Enforce IMDSv2", "IMDSv2 の適用を強制";
    ENFORCED_HELP, "Refuses launches and changes with optional tokens.",
        "トークンをオプションにする起動と変更を拒否します。";
    HOP_LIMIT_DEFAULT_HELP, "1 to 64; empty for no preference.", "1～64 を指定します。設定しない場合は空欄にします。";

    FAULTS_LEAD, "Have requests answered wrongly, late or not at all, to see what clients do.",
        "リクエストに誤った応答や遅い応答を返す、または応答しないことで、クライアントの動作を確認します。";
    ADD_FAULT, "Add a fault", "障害を追加";
    FAULT, "Fault", "障害";
    FAULT_HELP, "Parts with commas between, as imds fault add takes them.",
        "imds fault add と同じ書式です。要素はカンマで区切ります。";
    FAULT_EXAMPLES, "Examples:", "例:";
    ADD, "Add", "追加";
    REMOVE, "Remove", "削除";
    REMOVE_ALL, "Remove all", "すべて削除";
    NO_FAULTS, "No faults. Requests are answered as usual.", "障害はありません。リクエストには通常どおり応答します。";
    REQUESTS_SEEN, "Requests", "リクエスト数";
    HITS, "Hit", "該当数";
    ACTIVE, "Active", "有効";
    TIME_OVER, "Ended: its time is over", "終了 (時間経過)";
    COUNT_REACHED, "Ended: its count is reached", "終了 (回数到達)";

    REQUESTS_LEAD, "Requests for metadata, the latest first.", "メタデータへのリクエストを新しい順に表示します。";
    FILTER, "Filter", "フィルター";
    FILTER_TEXT, "Instance, address, path or agent", "インスタンス、アドレス、パス、エージェント";
    VERSION, "Version", "バージョン";
    STATUS, "Status", "ステータス";
    ANY, "Any", "すべて";
    ONLY_LOST, "Only lost tokens", "失われたトークンのみ";
    APPLY, "Apply", "適用";
    PAUSE, "Pause", "一時停止";
    RESUME, "Resume", "再開";
    EXPORT, "Export (JSON lines)", "エクスポート (JSON Lines)";
    LIVE, "Live", "ライブ";
    PAUSED, "Paused", "一時停止中";
    CONNECTING, "Not connected", "未接続";
    NOT_SHOWN, "not shown because they came too fast:", "処理が追いつかず、表示できなかった件数:";
    LIVE_NEEDS_SCRIPT, "Without JavaScript, reload the page to see later requests.",
        "JavaScript が無効な場合は、ページを再読み込みすると新しいリクエストが表示されます。";
    NO_REQUESTS, "No requests.", "リクエストはありません。";
    TIME, "Time (UTC)", "時刻 (UTC)";
    CLIENT, "Client", "クライアント";
    INSTANCE, "Instance", "インスタンス";
    REQUEST, "Request", "リクエスト";
    HOPS, "Hops away", "ホップ数";
    NOTES, "Notes", "備考";
    TOKEN_LOST, "token lost: hop limit", "トークン消失: ホップ制限";

    SIGNED_IN, "You are signed in.", "サインインしました。";
    CONTINUE, "Continue to the console", "コンソールに進む";
    SIGN_IN, "Sign in", "サインイン";
    SIGN_IN_LEAD, "This browser is not signed in to the console. On the machine where imds serve runs, type:",
        "このブラウザはコンソールにサインインしていません。imds serve を実行しているマシンで次のコマンドを入力してください。";
    SIGN_IN_THEN, "and open the URL that it prints. It works once, for five minutes.",
        "表示された URL を開いてください。URL は 5 分間、1 回だけ有効です。";
    CODE_REFUSED, "This URL was used before, or is older than five minutes.",
        "この URL はすでに使用されたか、発行から 5 分以上経過しています。";
    NOT_FOUND, "There is no such page.", "ページが見つかりません。";
    FAILED, "This did not work.", "処理に失敗しました。";
    BACK, "Back to the instances", "インスタンス一覧に戻る";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_said_in_both_languages() {
        for (name, text) in ALL {
            assert!(!text.en.is_empty() && !text.ja.is_empty(), "{name}");
            let is_term = text.en == text.ja;
            let is_japanese = text.ja.chars().any(|one| one >= '\u{3000}');
            assert!(is_term || is_japanese || *name == "OTHER_LANGUAGE", "{name}: {}", text.ja);
        }
    }
}
