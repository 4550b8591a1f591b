# Português do Brasil. A finalidade de cada mensagem está explicada em en.ftl.

subject = { $title }, { $start }
subject-late = Lembrete atrasado: { $title }, { $start }
no-title = (sem título)
is-late = Este lembrete chegou atrasado.
recurring = Este evento se repete.

label-line = { $label }: { $value }
when = Quando
when-there = No fuso horário do evento
where = Onde
calendar = Agenda
organiser = Organização

attendees = Participantes
attendee-unnamed = Alguém sem nome
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] e mais { $number } pessoa
       *[other] e mais { $number } pessoas
    }
status-accepted = aceitou
status-declined = recusou
status-tentative = talvez
status-delegated = delegou
status-needs-action = ainda não respondeu

all-day = { $days }, o dia todo
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = seu horário local
zone-unknown = O fuso horário do evento, “{ $zone }”, não é conhecido aqui. Os horários aparecem como foram escritos.
time-unknown = em um horário que a agenda não informa
time-unreadable = Não foi possível ler o horário do evento. Ele aparece como foi escrito.

reason = Você recebeu este e-mail porque há um lembrete para este evento na sua agenda.
how-to-stop = Para não recebê-lo mais, remova o lembrete do evento.
mute-event = Não receber mais e-mails sobre este evento
mute-all = Não receber mais nenhum lembrete por e-mail

unscheduled-subject =
    { $count ->
        [one] Uma mensagem agendada não foi enviada
       *[other] { $number } mensagens agendadas não foram enviadas
    }
unscheduled-text =
    { $count ->
        [one] Não foi possível enviar uma mensagem que você havia agendado. Ela está de volta nos seus rascunhos.
       *[other] Não foi possível enviar { $number } mensagens que você havia agendado. Elas estão de volta nos seus rascunhos.
    }
unscheduled-advice =
    { $count ->
        [one] Verifique a mensagem e envie-a novamente.
       *[other] Verifique as mensagens e envie-as novamente.
    }
unscheduled-reason = Você recebeu este e-mail porque o envio foi tentado várias vezes sem sucesso.

mute-title = Lembretes da agenda por e-mail
muted-nothing = Você recebe e-mails sobre este evento.
muted-event = Você não recebe e-mails sobre este evento.
muted-all = Você não recebe lembretes por e-mail.
unmute-event = Voltar a receber e-mails sobre este evento
unmute-all = Voltar a receber lembretes por e-mail
mute-unknown = Este link está incompleto ou não é nosso.
mute-unclear = O pedido não foi entendido.
mute-away = Isso não é possível no momento. Tente novamente em alguns minutos.

## Notifications of filter rules

sieve-from = De
sieve-subject = Assunto
sieve-reason = Você recebeu este e-mail porque uma regra de filtro de { $owner } pede isso.
more =
    { $count ->
        [one] Mais uma mensagem
       *[other] Mais { $number } mensagens
    }
more-reason = Houve mais notificações do que as enviadas uma a uma; este e-mail representa todas elas.
credit-subject = Sem mais notificações por SMS
credit-text = Seu crédito para SMS acabou. Não haverá mais notificações por SMS até que ele seja recarregado.
