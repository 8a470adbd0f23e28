; Whether the program runs, and how it is ended: by its own command line, which lets running requests finish.

; How long `quit` may take, in ms: it waits 30 s itself.
!define QUIT_LIMIT 60000
; How often, every quarter of a second, it is looked whether the files are free then.
!define FREE_TRIES 20
; And how often where `quit` has said that it ended nothing.
!define REFUSED_TRIES 4

; Both for the installer and for the uninstaller, whose functions begin with "un.".
!macro RUNNING un

; Whether the file $0 exists and cannot be written, as the file of a running program; "1" in $1.
Function ${un}IsInUse
  StrCpy $1 ""
  ${If} ${FileExists} "$0"
    ClearErrors
    FileOpen $2 "$0" a
    ${If} ${Errors}
      StrCpy $1 "1"
    ${Else}
      FileClose $2
    ${EndIf}
  ${EndIf}
FunctionEnd

; "1" in $0: one of the programs runs. $Ran says whether the one with the window does.
Function ${un}LookWhatRuns
  StrCpy $0 "$INSTDIR\${PROGRAM}"
  Call ${un}IsInUse
  StrCpy $Ran $1
  StrCpy $0 "$INSTDIR\${CONSOLE}"
  Call ${un}IsInUse
  StrCpy $0 "$Ran$1"
FunctionEnd

; End it; $0 is empty then. $Ran stays what it was at the beginning.
Function ${un}EndProgram
  Call ${un}LookWhatRuns
  ${If} $0 == ""
    Return
  ${EndIf}
  ; A scanner for viruses holds a file for a moment only.
  Sleep 500
  Call ${un}LookWhatRuns
  ${If} $0 == ""
    Return
  ${EndIf}
  StrCpy $3 $Ran
  ${Do}
    DetailPrint "$(TextEnding)"
    nsExec::Exec /TIMEOUT=${QUIT_LIMIT} '"$INSTDIR\${CONSOLE}" quit'
    Pop $4
    StrCpy $5 ${REFUSED_TRIES}
    ${If} $4 == 0
      StrCpy $5 ${FREE_TRIES}
    ${EndIf}
    ${For} $4 1 $5
      Call ${un}LookWhatRuns
      ${If} $0 == ""
        ${Break}
      ${EndIf}
      Sleep 250
    ${Next}
    ${If} $0 == ""
      ${Break}
    ${EndIf}
    ${If} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(TextQuitYourself)" /SD IDCANCEL IDCANCEL`
      ${Break}
    ${EndIf}
  ${Loop}
  ; What still runs needs no second start.
  ${If} $Ran == ""
    StrCpy $Ran $3
  ${Else}
    StrCpy $Ran ""
  ${EndIf}
FunctionEnd

!macroend

!insertmacro RUNNING ""
!insertmacro RUNNING "un."
