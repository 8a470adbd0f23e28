; How the new version takes the place of the old one, so that a failure leaves the old one whole.
;
; Everything is unpacked into `_part`, which then becomes `_new`: so `_new` is always complete. What is ours moves to
; `_old`, what is in `_new` takes its place, and both folders go. Moving within a disk writes no data and is quick.

; What is ours in the folder. make.py sees to it that the bundle has this and nothing else.
!macro EACH_PART what
  !insertmacro EACH_PART_BUT_UNINSTALLER ${what}
  !insertmacro ${what} "${UNINSTALLER}"
!macroend

!macro EACH_PART_BUT_UNINSTALLER what
  !insertmacro ${what} "${INTERNAL}"
  !insertmacro ${what} "${PROGRAM}"
  !insertmacro ${what} "${CONSOLE}"
  !insertmacro ${what} "${LICENSES}"
!macroend

!macro MOVE_OUT name
  ${If} ${FileExists} "$INSTDIR\${name}"
    Rename "$INSTDIR\${name}" "$INSTDIR\_old\${name}"
  ${EndIf}
!macroend

!macro MOVE_IN name
  Rename "$INSTDIR\_new\${name}" "$INSTDIR\${name}"
!macroend

!macro MOVE_BACK name
  ${IfNot} ${FileExists} "$INSTDIR\_new\${name}"
    Rename "$INSTDIR\${name}" "$INSTDIR\_new\${name}"
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\_old\${name}"
    Rename "$INSTDIR\_old\${name}" "$INSTDIR\${name}"
  ${EndIf}
!macroend

; Whether $INSTDIR, where nothing is listed as installed, holds something of our names that is of somebody else, such as
; another program made as ours is; "1" in $1. What we have left there when we were cut has one of our files with it.
Function IsForeign
  StrCpy $1 ""
  ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
  ${OrIf} ${FileExists} "$INSTDIR\_new\${PROGRAM}"
  ${OrIf} ${FileExists} "$INSTDIR\_part\${LICENSES}"
    Return
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\${INTERNAL}\*.*"
  ${OrIf} ${FileExists} "$INSTDIR\_old\*.*"
  ${OrIf} ${FileExists} "$INSTDIR\_new\*.*"
  ${OrIf} ${FileExists} "$INSTDIR\_part\*.*"
  ${OrIf} ${FileExists} "$INSTDIR\${LICENSES}"
    StrCpy $1 "1"
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\${UNINSTALLER}"
    ; Alone it is ours, left by a removal with _?=.
    FindFirst $2 $3 "$INSTDIR\*"
    ${DoWhile} $3 != ""
      ${If} $3 != "."
      ${AndIf} $3 != ".."
      ${AndIf} $3 != "${UNINSTALLER}"
        StrCpy $1 "1"
      ${EndIf}
      FindNext $2 $3
    ${Loop}
    FindClose $2
  ${EndIf}
FunctionEnd

Function Replace
  ClearErrors
  Rename "$INSTDIR\_part" "$INSTDIR\_new"
  CreateDirectory "$INSTDIR\_old"
  ; To ask for errors is to forget them.
  ${IfNot} ${Errors}
    !insertmacro EACH_PART MOVE_OUT
    ${IfNot} ${Errors}
      !insertmacro EACH_PART MOVE_IN
      ${IfNot} ${Errors}
        ; In this order: see MendCutUpgrade.
        RMDir "$INSTDIR\_new"
        RMDir /r "$INSTDIR\_old"
        Return
      ${EndIf}
    ${EndIf}
  ${EndIf}
  !insertmacro EACH_PART MOVE_BACK
  RMDir /r "$INSTDIR\_new"
  RMDir "$INSTDIR\_old"
  Push ${CODE_IN_USE}
  Push "$(TextHeld)"
  Call Fail
FunctionEnd

; Put right what an installation has left that was cut short, such as by a power failure.
Function MendCutUpgrade
  RMDir /r "$INSTDIR\_part"
  ; Empty: all of it was in its place already.
  RMDir "$INSTDIR\_new"
  ${If} ${FileExists} "$INSTDIR\_new\*.*"
  ${AndIf} ${FileExists} "$INSTDIR\_old\*.*"
    !insertmacro EACH_PART MOVE_BACK
  ${EndIf}
  RMDir /r "$INSTDIR\_new"
  RMDir /r "$INSTDIR\_old"
  ${If} ${FileExists} "$INSTDIR\_new\*.*"
  ${OrIf} ${FileExists} "$INSTDIR\_old\*.*"
    Push ${CODE_IN_USE}
    Push "$(TextHeld)"
    Call Fail
  ${EndIf}
FunctionEnd
