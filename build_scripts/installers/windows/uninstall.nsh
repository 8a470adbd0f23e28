; The uninstaller. The user's data stays unless its box is ticked.

; app/platform/paths.py: the data, and in it the logs.
!define DATA "$LOCALAPPDATA\${NAME}"

Var DataBox
; "1": the data goes too.
Var WithData

Function un.onInit
  !insertmacro BE_ALONE
  StrCpy $WithData ""
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/DATA" $1
  ${IfNot} ${Errors}
    StrCpy $WithData "1"
  ${EndIf}
FunctionEnd

Function un.AskPage
  !insertmacro MUI_HEADER_TEXT "$(TextUninstallTitle)" "$(TextUninstallSubtitle)"
  GetDlgItem $0 $HWNDPARENT 1
  SendMessage $0 ${WM_SETTEXT} 0 "STR:$(^UninstallBtn)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateLabel} 0 0 100% 24u "$(TextUninstall)"
  Pop $0
  ${NSD_CreateLabel} 0 28u 100% 20u "$INSTDIR"
  Pop $0
  ${NSD_CreateCheckbox} 0 56u 100% 12u "$(TextData)"
  Pop $DataBox
  ${If} $WithData != ""
    ${NSD_Check} $DataBox
  ${EndIf}
  ${NSD_CreateLabel} 12u 70u -12u 40u "$(TextDataMeans)"
  Pop $0
  nsDialogs::Show
FunctionEnd

Function un.LeaveAskPage
  StrCpy $WithData ""
  ${NSD_GetState} $DataBox $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $WithData "1"
  ${EndIf}
FunctionEnd

!macro MOVE_HOME name
  ${If} ${FileExists} "$INSTDIR\_old\${name}"
    Rename "$INSTDIR\_old\${name}" "$INSTDIR\${name}"
  ${EndIf}
!macroend

Section un.Waystation
  SetOutPath "$TEMP"
  Call un.EndProgram
  ${If} $0 != ""
    Push "$(TextStillRuns)"
    Call un.Fail
  ${EndIf}

  ; What is still held by another program cannot be moved: then nothing has been removed yet.
  RMDir /r "$INSTDIR\_old"
  CreateDirectory "$INSTDIR\_old"
  ClearErrors
  !insertmacro EACH_PART_BUT_UNINSTALLER MOVE_OUT
  ${If} ${Errors}
    !insertmacro EACH_PART_BUT_UNINSTALLER MOVE_HOME
    RMDir "$INSTDIR\_old"
    Push "$(TextHeld)"
    Call un.Fail
  ${EndIf}

  ${If} $WithData != ""
    ; Without its license Codex could not work with what Waystation has written into its files.
    nsExec::Exec /TIMEOUT=${QUIT_LIMIT} '"$INSTDIR\_old\${CONSOLE}" setup codex --undo --yes'
    Pop $0
  ${EndIf}

  RMDir /r "$INSTDIR\_old"
  RMDir /r "$INSTDIR\_new"
  RMDir /r "$INSTDIR\_part"
  ; Not if it is the one that runs, see /S.
  Delete "$INSTDIR\${UNINSTALLER}"
  ; Only if nothing of the user's is in it.
  RMDir "$INSTDIR"

  Delete "$SMPROGRAMS\${NAME}.lnk"
  Call un.ClearAutostart
  DeleteRegKey HKCU "${LISTED}"

  ${If} $WithData != ""
  ${AndIf} $LOCALAPPDATA != ""
    RMDir /r "${DATA}"
    ; The data key, app/store/key_stores.py, under the names that the package keyring gives it. CRED_TYPE_GENERIC.
    System::Call 'advapi32::CredDeleteW(w "${NAME}", i 1, i 0)'
    System::Call 'advapi32::CredDeleteW(w "data-key-v1@${NAME}", i 1, i 0)'
  ${EndIf}
SectionEnd

; From the stack: a message. The program stays.
Function un.Fail
  Pop $1
  ${If} $Ran != ""
    StrCpy $Ran ""
    Exec '"$INSTDIR\${PROGRAM}" --minimized'
  ${EndIf}
  SetErrorLevel ${CODE_IN_USE}
  MessageBox MB_OK|MB_ICONSTOP "$1" /SD IDOK
  Abort
FunctionEnd
