# العربية. وظيفة كل رسالة مشروحة في en.ftl.

subject = { $title }، { $start }
subject-late = تذكير متأخر: { $title }، { $start }
no-title = (بلا عنوان)
is-late = وصل هذا التذكير متأخرًا.
recurring = هذا الحدث متكرر.

label-line = { $label }: { $value }
when = الموعد
when-there = بتوقيت الحدث
where = المكان
calendar = التقويم
organiser = المنظِّم

attendees = المدعوون
attendee-unnamed = شخص بلا اسم
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [zero] ولا أحد غيرهم
        [one] وشخص واحد آخر
        [two] وشخصان آخران
        [few] و{ $number } أشخاص آخرين
        [many] و{ $number } شخصًا آخر
       *[other] و{ $number } شخص آخر
    }
status-accepted = قَبِل الدعوة
status-declined = اعتذر
status-tentative = ربما يحضر
status-delegated = أناب غيره
status-needs-action = لم يردّ بعد

all-day = { $days }، طوال اليوم
days = { $first } – { $last }
point = { $day }، { $from }
same-day = { $day }، { $from } – { $to }
other-day = { $day }، { $from } – { $last }، { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }، { $offset }
zone-floating = بتوقيتك المحلي
zone-unknown = المنطقة الزمنية للحدث «{ $zone }» غير معروفة هنا. الأوقات معروضة كما كُتبت.
time-unknown = في وقت لا يذكره التقويم
time-unreadable = تعذّرت قراءة وقت الحدث. الوقت معروض كما كُتب.

reason = تصلك هذه الرسالة لأن في تقويمك تذكيرًا بهذا الحدث.
how-to-stop = لإيقافها، احذف التذكير من الحدث.
mute-event = إيقاف الرسائل عن هذا الحدث
mute-all = إيقاف جميع التذكيرات بالبريد

unscheduled-subject =
    { $count ->
        [zero] لم تُرسَل أي رسالة مجدولة
        [one] لم تُرسَل رسالة مجدولة واحدة
        [two] لم تُرسَل رسالتان مجدولتان
        [few] لم تُرسَل { $number } رسائل مجدولة
        [many] لم تُرسَل { $number } رسالة مجدولة
       *[other] لم تُرسَل { $number } رسالة مجدولة
    }
unscheduled-text =
    { $count ->
        [zero] لم تُرسَل أي رسالة من رسائلك المجدولة.
        [one] تعذّر إرسال رسالة كنت قد جدولت إرسالها. وقد أُعيدت إلى المسودات.
        [two] تعذّر إرسال رسالتين كنت قد جدولت إرسالهما. وقد أُعيدتا إلى المسودات.
        [few] تعذّر إرسال { $number } رسائل كنت قد جدولت إرسالها. وقد أُعيدت إلى المسودات.
        [many] تعذّر إرسال { $number } رسالة كنت قد جدولت إرسالها. وقد أُعيدت إلى المسودات.
       *[other] تعذّر إرسال { $number } رسالة كنت قد جدولت إرسالها. وقد أُعيدت إلى المسودات.
    }
unscheduled-advice =
    { $count ->
        [one] يُرجى مراجعتها وإرسالها من جديد.
        [two] يُرجى مراجعتهما وإرسالهما من جديد.
       *[other] يُرجى مراجعتها وإرسالها من جديد.
    }
unscheduled-reason = تصلك هذه الرسالة لأن محاولات الإرسال المتكررة لم تنجح.

mute-title = تذكيرات التقويم بالبريد
muted-nothing = تصلك رسائل عن هذا الحدث.
muted-event = لا تصلك رسائل عن هذا الحدث.
muted-all = لا تصلك أي تذكيرات بالبريد.
unmute-event = استئناف الرسائل عن هذا الحدث
unmute-all = استئناف التذكيرات بالبريد
mute-unknown = هذا الرابط غير مكتمل أو ليس من روابطنا.
mute-unclear = لم يُفهم الطلب.
mute-away = لا يمكن إتمام ذلك الآن. يُرجى المحاولة من جديد بعد بضع دقائق.

## Notifications of filter rules

sieve-from = من
sieve-subject = الموضوع
sieve-reason = تصلك هذه الرسالة لأن قاعدة تصفية لدى { $owner } تطلبها.
more =
    { $count ->
        [zero] لا رسائل أخرى
        [one] رسالة أخرى واحدة
        [two] رسالتان أخريان
        [few] { $number } رسائل أخرى
        [many] { $number } رسالة أخرى
       *[other] { $number } رسالة أخرى
    }
more-reason = كانت الإشعارات أكثر مما يُرسَل واحدًا واحدًا، وهذه الرسالة تنوب عنها.
credit-subject = لا مزيد من الإشعارات بالرسائل النصية
credit-text = نفد رصيدك للرسائل النصية. لن تصلك إشعارات نصية أخرى حتى يُعاد شحنه.
