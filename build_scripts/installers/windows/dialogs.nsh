; What the user sees of the installer, and in which words.

!include MUI2.nsh

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
; The icon's own ground, on which ShowIcon puts the icon.
!define MUI_WELCOMEFINISHPAGE_BITMAP "${GROUND}"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH FitControl

!define MUI_WELCOMEPAGE_TEXT "$Greeting"
!define MUI_PAGE_CUSTOMFUNCTION_SHOW ShowWelcome
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
Var Icon

; On the left of a page $0, in the middle of its picture. The icon is the installer's own, and has this number there.
Function ShowIcon
  nsDialogs::CreateItem STATIC ${WS_VISIBLE}|${WS_CHILD}|${SS_ICON}|${SS_REALSIZEIMAGE} 0 0 0 0 0 ""
  Pop $Icon
  System::Call 'kernel32::GetModuleHandleW(p 0) p .r1'
  System::Call 'user32::LoadImageW(p r1, p 103, i ${IMAGE_ICON}, i 96, i 96, i 0) p .r1'
  SendMessage $Icon ${STM_SETIMAGE} ${IMAGE_ICON} $1
  SetCtlColors $Icon "" ${GROUND_COLOUR}
  ; Half of what the picture is wider and higher, above everything: SWP_NOSIZE.
  System::Call '*(i, i, i, i) p .r2'
  System::Call 'user32::GetClientRect(p $0, p r2)'
  System::Call '*$2(i, i, i .r3, i .r4)'
  System::Free $2
  IntOp $3 $3 * 109
  IntOp $3 $3 / 331
  IntOp $3 $3 - 96
  IntOp $3 $3 / 2
  IntOp $4 $4 - 96
  IntOp $4 $4 / 2
  System::Call 'user32::SetWindowPos(p $Icon, p 0, i r3, i r4, i 0, i 0, i 1)'
FunctionEnd

Function ShowWelcome
  StrCpy $0 $mui.WelcomePage
  Call ShowIcon
FunctionEnd

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
  StrCpy $0 $mui.FinishPage
  Call ShowIcon
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
