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
        <source>%n live session(s)</source>
        <translation>
            <numerusform>%n live session</numerusform>
            <numerusform>%n live sessions</numerusform>
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
        <source>%n token(s) need a new sign-in.</source>
        <translation>
            <numerusform>%n token needs a new sign-in.</numerusform>
            <numerusform>%n tokens need a new sign-in.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Desktop</name>
    <message numerus="yes">
        <source>%n request(s) are still running. Quit anyway?</source>
        <translation>
            <numerusform>%n request is still running. Quit anyway?</numerusform>
            <numerusform>%n requests are still running. Quit anyway?</numerusform>
        </translation>
    </message>
</context>
</TS>
