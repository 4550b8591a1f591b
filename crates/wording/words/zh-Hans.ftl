# 简体中文。各条消息的用途见 en.ftl。

subject = { $title }，{ $start }
subject-late = 迟到的提醒：{ $title }，{ $start }
no-title = （无标题）
is-late = 这条提醒未能按时发出。
recurring = 此活动会重复。

label-line = { $label }：{ $value }
when = 时间
when-there = 活动所在时区的时间
where = 地点
calendar = 日历
organiser = 组织者

attendees = 参加者
attendee-unnamed = 未具名的参加者
attendee-line = { $who }（{ $status }）
attendees-more = 另有 { $number } 人
status-accepted = 已接受
status-declined = 已拒绝
status-tentative = 暂定
status-delegated = 已委托他人
status-needs-action = 尚未答复

all-day = { $days }，全天
days = { $first } 至 { $last }
point = { $day } { $from }
same-day = { $day } { $from } 至 { $to }
other-day = { $day } { $from } 至 { $last } { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time }（{ $zone }）
zone = { $city }，{ $offset }
zone-floating = 您的当地时间
zone-unknown = 无法识别活动的时区“{ $zone }”。时间按活动中的写法显示。
time-unknown = 日历未给出时间
time-unreadable = 无法读取活动的时间。时间按原样显示。

reason = 您收到这封邮件，是因为您的日历为此活动设置了提醒。
how-to-stop = 如不想再收到，请从活动中删除提醒。
mute-event = 不再接收此活动的邮件
mute-all = 不再接收任何邮件提醒

unscheduled-subject = { $number } 封定时邮件未能发送
unscheduled-text = 您设置了定时发送的 { $number } 封邮件未能发送，现已放回草稿箱。
unscheduled-advice = 请检查后重新发送。
unscheduled-reason = 您收到这封邮件，是因为多次尝试发送均未成功。

mute-title = 日历邮件提醒
muted-nothing = 您会收到有关此活动的邮件。
muted-event = 您不会收到有关此活动的邮件。
muted-all = 您不会收到任何邮件提醒。
unmute-event = 重新接收此活动的邮件
unmute-all = 重新接收邮件提醒
mute-unknown = 此链接不完整，或不是我们发出的链接。
mute-unclear = 无法理解此请求。
mute-away = 目前无法完成此操作。请几分钟后再试。

## Notifications of filter rules

sieve-from = 发件人
sieve-subject = 主题
sieve-reason = 您收到此邮件，是因为 { $owner } 的过滤规则要求发送。
more =
    { $count ->
       *[other] 另有 { $number } 封邮件
    }
more-reason = 通知数量超过逐条发送的上限，此邮件代表其余通知。
credit-subject = 短信通知已停止
credit-text = 您的短信余额已用完。充值之前将不再发送短信通知。
