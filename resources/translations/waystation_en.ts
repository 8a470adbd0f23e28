<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>Counts</name>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n token</numerusform>
            <numerusform>%n tokens</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n session(s) in 24 h</source>
        <translation>
            <numerusform>%n session in 24 h</numerusform>
            <numerusform>%n sessions in 24 h</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n session(s)</source>
        <translation>
            <numerusform>%n session</numerusform>
            <numerusform>%n sessions</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) running</source>
        <translation>
            <numerusform>%n request running</numerusform>
            <numerusform>%n requests running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n running</numerusform>
            <numerusform>%n running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n move(s)</source>
        <translation>
            <numerusform>%n move</numerusform>
            <numerusform>%n moves</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s)</source>
        <translation>
            <numerusform>%n edit</numerusform>
            <numerusform>%n edits</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) added.</source>
        <translation>
            <numerusform>%n token added.</numerusform>
            <numerusform>%n tokens added.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Recognised: %n login(s).</source>
        <translation>
            <numerusform>Recognised: %n login.</numerusform>
            <numerusform>Recognised: %n logins.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n more…</source>
        <translation>
            <numerusform>%n more…</numerusform>
            <numerusform>%n more…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) were here already; their credentials are renewed.</source>
        <translation>
            <numerusform>%n token was here already; its credentials are renewed.</numerusform>
            <numerusform>%n tokens were here already; their credentials are renewed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) are waiting at the station until {time}: all tokens are at their limit.</source>
        <translation>
            <numerusform>%n request is waiting at the station until {time}: all tokens are at their limit.</numerusform>
            <numerusform>%n requests are waiting at the station until {time}: all tokens are at their limit.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) need a new sign-in or a new key.</source>
        <translation>
            <numerusform>%n token needs a new sign-in or a new key.</numerusform>
            <numerusform>%n tokens need a new sign-in or a new key.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Desktop</name>
    <message numerus="yes">
        <source>%n request(s) are still running.</source>
        <translation>
            <numerusform>%n request is still running.</numerusform>
            <numerusform>%n requests are still running.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HoursChart</name>
    <message numerus="yes">
        <source>%n request(s)</source>
        <translation>
            <numerusform>%n request</numerusform>
            <numerusform>%n requests</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LicensesModel</name>
    <message numerus="yes">
        <source>%n request(s)</source>
        <translation>
            <numerusform>%n request</numerusform>
            <numerusform>%n requests</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LogFoot</name>
    <message numerus="yes">
        <source>%n request(s), all that are kept.</source>
        <translation>
            <numerusform>%n request, all that is kept.</numerusform>
            <numerusform>%n requests, all that are kept.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The newest %n request(s). The export has the older ones, too.</source>
        <translation>
            <numerusform>The newest %n request. The export has the older ones, too.</numerusform>
            <numerusform>The newest %n requests. The export has the older ones, too.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The newest %n request(s). Older ones come when you scroll down.</source>
        <translation>
            <numerusform>The newest %n request. Older ones come when you scroll down.</numerusform>
            <numerusform>The newest %n requests. Older ones come when you scroll down.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QuotaCard</name>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RequestsPage</name>
    <message numerus="yes">
        <source>%n request(s) are written to {file}.</source>
        <translation>
            <numerusform>%n request is written to {file}.</numerusform>
            <numerusform>%n requests are written to {file}.</numerusform>
        </translation>
    </message>
</context>
</TS>
