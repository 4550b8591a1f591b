# 日本語。各メッセージの用途は en.ftl にあります。

subject = { $title }、{ $start }
subject-late = 遅れた通知：{ $title }、{ $start }
no-title = （タイトルなし）
is-late = この通知は予定より遅れて届いています。
recurring = この予定は繰り返されます。

label-line = { $label }：{ $value }
when = 日時
when-there = 予定のタイムゾーンでの日時
where = 場所
calendar = カレンダー
organiser = 主催者

attendees = 参加者
attendee-unnamed = 名前のない参加者
attendee-line = { $who }（{ $status }）
attendees-more = ほか{ $number }名
status-accepted = 出席
status-declined = 欠席
status-tentative = 仮の出席
status-delegated = 代理人に委任
status-needs-action = 未回答

all-day = { $days }、終日
days = { $first } ～ { $last }
point = { $day } { $from }
same-day = { $day } { $from } ～ { $to }
other-day = { $day } { $from } ～ { $last } { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time }（{ $zone }）
zone = { $city }、{ $offset }
zone-floating = 現地時刻
zone-unknown = 予定のタイムゾーン「{ $zone }」は認識できません。時刻は予定に書かれているとおりに表示しています。
time-unknown = カレンダーに日時がありません
time-unreadable = 予定の日時を読み取れません。書かれているとおりに表示しています。

reason = このメールは、カレンダーのこの予定に通知が設定されているためお送りしています。
how-to-stop = 停止するには、予定から通知を削除してください。
mute-event = この予定についてのメールを停止する
mute-all = メールによる通知をすべて停止する

unscheduled-subject = 送信予約したメール{ $number }件が送信されませんでした
unscheduled-text = 送信予約したメール{ $number }件を送信できませんでした。下書きに戻してあります。
unscheduled-advice = 内容を確認して、もう一度送信してください。
unscheduled-reason = このメールは、送信を数回試みても成功しなかったためお送りしています。

mute-title = メールによるカレンダーの通知
muted-nothing = この予定についてのメールをお送りしています。
muted-event = この予定についてのメールは停止されています。
muted-all = メールによる通知はすべて停止されています。
unmute-event = この予定についてのメールを再開する
unmute-all = メールによる通知を再開する
mute-unknown = このリンクは不完全か、当方のものではありません。
mute-unclear = ご要望を理解できませんでした。
mute-away = 現在この操作はできません。数分後にもう一度お試しください。

## Notifications of filter rules

sieve-from = 差出人
sieve-subject = 件名
sieve-reason = { $owner } のフィルタールールにより、このメールをお送りしています。
more =
    { $count ->
       *[other] ほか { $number } 件のメッセージ
    }
more-reason = 1 件ずつお送りできる数を超える通知があったため、このメールにまとめました。
credit-subject = SMS 通知を停止しました
credit-text = SMS の残高がなくなりました。補充されるまで、SMS による通知は届きません。
