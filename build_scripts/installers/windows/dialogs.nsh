; What the user sees of the installer, and in which words.

!include MUI2.nsh

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"

!define MUI_WELCOMEPAGE_TEXT "$Greeting"
!insertmacro MUI_PAGE_WELCOME

!define MUI_PAGE_CUSTOMFUNCTION_PRE SkipWhereInstalled
!define MUI_PAGE_CUSTOMFUNCTION_LEAVE LeaveFolder
!insertmacro MUI_PAGE_DIRECTORY

!insertmacro MUI_PAGE_INSTFILES

!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!define MUI_FINISHPAGE_RUN_TEXT "$(TextRun)"
; Its second box; what it does is in LeaveFinish.
!define MUI_FINISHPAGE_SHOWREADME ""
!define MUI_FINISHPAGE_SHOWREADME_TEXT "$(TextAutostart)"
!define MUI_FINISHPAGE_SHOWREADME_NOTCHECKED
!define MUI_FINISHPAGE_SHOWREADME_FUNCTION NothingMore
!define MUI_FINISHPAGE_NOREBOOTSUPPORT
!define MUI_PAGE_CUSTOMFUNCTION_SHOW ShowFinish
!define MUI_PAGE_CUSTOMFUNCTION_LEAVE LeaveFinish
!insertmacro MUI_PAGE_FINISH

UninstPage custom un.AskPage un.LeaveAskPage
!insertmacro MUI_UNPAGE_INSTFILES

; Windows' own language chooses; the first is for all others.
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "SimpChinese"
!include english.nsh
!include chinese.nsh

Var WasAutostart

Function SkipWhereInstalled
  ${If} $Installed != ""
    Abort
  ${EndIf}
FunctionEnd

Function LeaveFolder
  Call CheckFolder
  ${If} $0 != ""
    MessageBox MB_OK|MB_ICONEXCLAMATION "$0"
    Abort
  ${EndIf}
FunctionEnd

Function ShowFinish
  Call ReadAutostart
  StrCpy $WasAutostart $0
  ${If} $0 != ""
    ${NSD_Check} $mui.FinishPage.ShowReadme
  ${EndIf}
FunctionEnd

; Only what the user has changed: something else may start under our name, and is not ours to end unasked.
Function LeaveFinish
  ${NSD_GetState} $mui.FinishPage.ShowReadme $0
  ${If} $0 = ${BST_CHECKED}
  ${AndIf} $WasAutostart == ""
    Call SetAutostart
  ${ElseIf} $0 <> ${BST_CHECKED}
  ${AndIf} $WasAutostart != ""
    Call ClearAutostart
  ${EndIf}
FunctionEnd

Function NothingMore
FunctionEnd
