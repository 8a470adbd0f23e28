; A hand and an eye in Windows: `hand.exe OUT look` writes what the dialog in front shows, a line for each control:
; its number, class, whether it is ticked, and its text. `hand.exe OUT press NUMBER` then presses that control.
; `hand.exe OUT keep NAME` keeps a password of that name in Windows' own store.
; `hand.exe OUT hold FILE` keeps a file open, as another program would, until the file OUT is gone.
Unicode true
!ifdef TARGET
  Target ${TARGET}
!endif
Name "hand"
OutFile "${OUTPUT}"
SilentInstall silent
RequestExecutionLevel user
!include LogicLib.nsh
!include FileFunc.nsh
!include WinMessages.nsh

Var Out
Var What
Var Number

; The children of the window on the stack.
Function Children
  Exch $0
  Push $1
  Push $2
  Push $3
  Push $4
  StrCpy $1 0
  ${Do}
    FindWindow $1 "" "" $0 $1
    ${If} $1 = 0
      ${Break}
    ${EndIf}
    System::Call 'user32::IsWindowVisible(p r1) i .r2'
    ${If} $2 = 0
      ${Continue}
    ${EndIf}
    System::Call 'user32::GetDlgCtrlID(p r1) i .r2'
    System::Call 'user32::GetClassNameW(p r1, w .r3, i 100)'
    SendMessage $1 ${BM_GETCHECK} 0 0 $4
    System::Call 'user32::SendMessageW(p r1, i ${WM_GETTEXT}, p 1000, w .r5)'
    ${If} $3 == "#32770"
      Push $1
      Call Children
    ${ElseIf} $What == "look"
      FileWriteUTF16LE $R9 "$2|$3|$4|$5$\r$\n"
    ${ElseIf} $2 = $Number
      ; Posted: the answer may be a message that waits for us.
      System::Call 'user32::PostMessageW(p r1, i ${BM_CLICK}, p 0, p 0)'
    ${EndIf}
  ${Loop}
  Pop $4
  Pop $3
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

Section
  ${GetParameters} $R1
  System::Call 'shell32::CommandLineToArgvW(w "x $R1", *i .r9) p .r8'
  System::Call '*$8(p, w .R2, w .R3, w .R4)'
  StrCpy $Out $R2
  StrCpy $What $R3
  StrCpy $Number $R4
  ${If} $What == "keep"
    ; CREDENTIALW, of the kind CRED_TYPE_GENERIC, for CRED_PERSIST_LOCAL_MACHINE. Four bytes of it only fill up.
    System::Call '*(i 0x64636261) p .r1'
    System::Call '*(i 0, i 1, w R4, p 0, l 0, i 4, i 0, p r1, i 2, i 0, p 0, p 0, w "user") p .r0'
    System::Call 'advapi32::CredWriteW(p r0, i 0) i .r2'
    ${If} $2 = 0
      SetErrorLevel 1
    ${EndIf}
  ${ElseIf} $What == "hold"
    ; Reading, shared for reading alone: so that it cannot be moved.
    System::Call 'kernel32::CreateFileW(w R4, i 0x80000000, i 1, p 0, i 3, i 0, p 0) p .r0'
    FileOpen $1 "$Out" w
    FileClose $1
    ${For} $1 1 600
      ${IfNot} ${FileExists} "$Out"
        ${Break}
      ${EndIf}
      Sleep 100
    ${Next}
    System::Call 'kernel32::CloseHandle(p r0)'
  ${Else}
    System::Call 'user32::GetForegroundWindow() p .r0'
    FileOpen $R9 "$Out" w
    System::Call 'user32::GetWindowTextW(p r0, w .r5, i 200)'
    FileWriteUTF16LE $R9 "0|window|0|$5$\r$\n"
    Push $0
    Call Children
    FileClose $R9
  ${EndIf}
SectionEnd
