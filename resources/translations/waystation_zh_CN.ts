<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AddToken</name>
    <message>
        <source>The clipboard holds no token. Copy a ChatGPT access token, an API key (sk-…), or the whole text of Codex&apos;s auth.json, then try again.</source>
        <translation>剪贴板里没有可用的 Token。请先复制 ChatGPT 的 access token、API 密钥（sk-…），或 Codex 的 auth.json 全文，然后重试。</translation>
    </message>
    <message>
        <source>{name} cannot be read: {reason}</source>
        <translation>无法读取 {name}：{reason}</translation>
    </message>
    <message>
        <source>{name} is too large to be Codex&apos;s auth.json.</source>
        <translation>{name} 太大，不像是 Codex 的 auth.json。</translation>
    </message>
</context>
<context>
    <name>Counts</name>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n 个 Token</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n live session(s)</source>
        <translation>
            <numerusform>%n 个活跃会话</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) running</source>
        <translation>
            <numerusform>%n 个请求进行中</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s)</source>
        <translation>
            <numerusform>改动 %n 处</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Desktop</name>
    <message>
        <source>Something unexpected went wrong. The log file says more.</source>
        <translation>发生了意外错误，详情请看日志文件。</translation>
    </message>
    <message>
        <source>Waystation cannot start</source>
        <translation>驿站无法启动</translation>
    </message>
    <message>
        <source>Waystation has to end</source>
        <translation>驿站必须退出</translation>
    </message>
    <message>
        <source>Quit Waystation</source>
        <translation>退出驿站</translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) are still running. Quit anyway?</source>
        <translation>
            <numerusform>还有 %n 个请求正在进行，仍要退出吗？</numerusform>
        </translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Their clients will see a broken answer.</source>
        <translation>这些请求的客户端收到的回答会中断。</translation>
    </message>
    <message>
        <source>Choose Codex&apos;s auth.json</source>
        <translation>选择 Codex 的 auth.json</translation>
    </message>
    <message>
        <source>Codex login (auth.json)</source>
        <translation>Codex 登录文件（auth.json）</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>所有文件</translation>
    </message>
    <message>
        <source>Waystation keeps running in the tray. To end it, choose Quit in the menu there.</source>
        <translation>驿站仍在托盘中运行。要结束它，请在托盘菜单中选择“退出”。</translation>
    </message>
</context>
<context>
    <name>Dialogs</name>
    <message>
        <source>Look in:</source>
        <translation>查找范围：</translation>
    </message>
    <message>
        <source>Files of type:</source>
        <translation>文件类型：</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>This did not work.</source>
        <translation>操作没有成功。</translation>
    </message>
    <message>
        <source>What was given cannot be used; nothing was changed.</source>
        <translation>输入的内容无法使用，未做任何改动。</translation>
    </message>
    <message>
        <source>This entry does not exist any more.</source>
        <translation>该条目已不存在。</translation>
    </message>
    <message>
        <source>Port {port} is used by another program, or kept by the system.</source>
        <translation>端口 {port} 已被其他程序占用，或被系统保留。</translation>
    </message>
    <message>
        <source>Another Waystation uses this data folder; quit it first.</source>
        <translation>另一个驿站正在使用这个数据目录，请先退出它。</translation>
    </message>
    <message>
        <source>Another Waystation uses this data folder, but it does not answer. End it, then start again.</source>
        <translation>另一个驿站正在使用这个数据目录，但没有响应。请结束它，然后重新启动。</translation>
    </message>
    <message>
        <source>The system&apos;s keyring cannot be used: there is none, it is locked, or it does not answer.</source>
        <translation>系统密钥环无法使用：系统中没有密钥环、密钥环已锁定，或没有响应。</translation>
    </message>
    <message>
        <source>The key that seals your tokens and licenses is gone from the keyring. Nothing was deleted.</source>
        <translation>用来加密 Token 和许可证的密钥已不在密钥环中。数据没有被删除。</translation>
    </message>
    <message>
        <source>A stored secret is damaged and cannot be opened. Add it again.</source>
        <translation>一条已保存的机密数据已损坏，无法解密，请重新添加。</translation>
    </message>
    <message>
        <source>The data was written by a newer Waystation and was left untouched. Install the newer version.</source>
        <translation>数据由更新版本的驿站写入，未做任何改动。请安装新版本。</translation>
    </message>
    <message>
        <source>The database cannot be read or written. Check the disk and the rights of the data folder.</source>
        <translation>数据库无法读写。请检查磁盘空间和数据目录的权限。</translation>
    </message>
    <message>
        <source>The request was refused.</source>
        <translation>请求被拒绝。</translation>
    </message>
</context>
<context>
    <name>Header</name>
    <message>
        <source>Address of the gateway</source>
        <translation>网关地址</translation>
    </message>
    <message>
        <source>Copy the address</source>
        <translation>复制地址</translation>
    </message>
    <message>
        <source>&amp;Start</source>
        <translation>启动(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Waystation (practice)</source>
        <translation>驿站 Waystation（练习模式）</translation>
    </message>
    <message>
        <source>Waystation</source>
        <translation>驿站 Waystation</translation>
    </message>
    <message>
        <source>&amp;Tokens</source>
        <translation>Token(&amp;T)</translation>
    </message>
    <message>
        <source>Set up Code&amp;x</source>
        <translation>配置 Codex(&amp;X)</translation>
    </message>
    <message>
        <source>Sessio&amp;ns</source>
        <translation>会话(&amp;N)</translation>
    </message>
    <message>
        <source>Re&amp;quests</source>
        <translation>请求(&amp;Q)</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Practice: a simulated upstream answers, the tokens are samples, and everything is gone when you quit.</source>
        <translation>练习模式：由模拟的上游应答，Token 均为示例，退出后所有数据都会清除。</translation>
    </message>
    <message>
        <source>This desktop shows no tray icons, so Waystation lives in this window: closing it minimises it, Ctrl+Q quits.</source>
        <translation>当前桌面不显示托盘图标，驿站将保留此窗口：关闭窗口会将其最小化，按 Ctrl+Q 退出。</translation>
    </message>
    <message>
        <source>The address is copied.</source>
        <translation>地址已复制。</translation>
    </message>
    <message>
        <source>Use a new key</source>
        <translation>使用新密钥</translation>
    </message>
    <message>
        <source>Go on with a new key?</source>
        <translation>要改用新密钥吗？</translation>
    </message>
    <message>
        <source>What the lost key sealed stays in the list, but cannot be opened any more: add those tokens again, and copy the set-up again, since it gets a new license.</source>
        <translation>由丢失的密钥加密的 Token 仍留在列表中，但无法再解密：请重新添加这些 Token，并重新复制配置，因为许可证会更换。</translation>
    </message>
</context>
<context>
    <name>Notes</name>
    <message>
        <source>Codex 0.120 and newer ignores OPENAI_BASE_URL and goes to api.openai.com. Use the full set-up instead.</source>
        <translation>Codex 0.120 及更新版本会忽略 OPENAI_BASE_URL，直接访问 api.openai.com。请改用完整配置。</translation>
    </message>
    <message>
        <source>If a license has been saved with codex login, Codex 0.120 and newer sends it to api.openai.com. This removes it.</source>
        <translation>如果曾用 codex login 保存过许可证，Codex 0.120 及更新版本会把它发送到 api.openai.com。以下命令可将其清除：</translation>
    </message>
    <message>
        <source>Codex up to 0.118 sends the key only after saving it: start codex, press 2 (3 where 2 is a device code) and Enter, or run this once. It replaces the login that Codex has saved.</source>
        <translation>Codex 0.118 及更早版本只有在保存密钥之后才会发送它：启动 codex，按 2（若 2 是设备码登录则按 3）再按回车；或执行一次以下命令。这会替换 Codex 已保存的登录信息。</translation>
    </message>
    <message>
        <source>Every program started from this terminal window can read OPENAI_API_KEY. One that does not read OPENAI_BASE_URL too sends your license to api.openai.com. The full set-up does not use these names.</source>
        <translation>从这个终端窗口启动的程序都能读到 OPENAI_API_KEY。如果某个程序不读取 OPENAI_BASE_URL，就会把你的许可证发送到 api.openai.com。完整配置不使用这两个变量名。</translation>
    </message>
    <message>
        <source>If HTTP_PROXY or ALL_PROXY is set, add the gateway&apos;s host to NO_PROXY. The full set-up does so.</source>
        <translation>如果设置了 HTTP_PROXY 或 ALL_PROXY，请把网关的主机加入 NO_PROXY。完整配置会自动处理。</translation>
    </message>
    <message>
        <source>The shell may keep what you paste, with the license, in its history file.</source>
        <translation>shell 可能会把粘贴的内容（包括许可证）记入历史文件。</translation>
    </message>
    <message>
        <source>Only codex typed in this terminal window goes through the gateway. Scripts, other windows and editors start the plain Codex.</source>
        <translation>只有在这个终端窗口中输入的 codex 才会经过网关。脚本、其他窗口和编辑器启动的仍是原来的 Codex。</translation>
    </message>
    <message>
        <source>codex resume lists only conversations that were begun this way.</source>
        <translation>codex resume 只会列出以这种方式开始的对话。</translation>
    </message>
    <message>
        <source>If config.toml selects a profile with a model_provider of its own, Codex up to 0.120 uses that one.</source>
        <translation>如果 config.toml 选用的 profile 自带 model_provider，Codex 0.120 及更早版本会优先使用它。</translation>
    </message>
    <message>
        <source>Where Windows forbids scripts, codex.cmd is started, and a prompt with &amp; | &lt; &gt; ^ % or quotes may arrive changed. This allows your own scripts.</source>
        <translation>如果 Windows 禁止运行脚本，启动的将是 codex.cmd，提示词中的 &amp; | &lt; &gt; ^ % 或引号可能会变样。以下命令允许运行你自己的脚本：</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Close this notice</source>
        <translation>关闭此提示</translation>
    </message>
</context>
<context>
    <name>Operations</name>
    <message>
        <source>The environment variables for {shell} are copied, with your license. From Codex 0.120 on they are not enough, and other programs may send the license to api.openai.com: use the full set-up.</source>
        <translation>已复制 {shell} 环境变量（包含你的许可证）。从 Codex 0.120 起，仅有环境变量还不够，其他程序也可能把许可证发往 api.openai.com，请使用完整配置。</translation>
    </message>
    <message>
        <source>The full set-up for {shell} is copied, with your license. Paste it and run codex.</source>
        <translation>已复制 {shell} 完整配置（包含你的许可证）。粘贴到终端后运行 codex 即可。</translation>
    </message>
    <message>
        <source>Something unexpected went wrong. The log file says more.</source>
        <translation>发生了意外错误，详情请看日志文件。</translation>
    </message>
    <message>
        <source>Waystation is still starting, or is closing. Try again in a moment.</source>
        <translation>驿站正在启动或关闭，请稍后再试。</translation>
    </message>
    <message>
        <source>The token “{label}” was here already; its credentials are renewed.</source>
        <translation>Token“{label}”已经存在，凭据已更新。</translation>
    </message>
    <message>
        <source>The token “{label}” is added.</source>
        <translation>已添加 Token“{label}”。</translation>
    </message>
    <message>
        <source>Every enabled token is tried again.</source>
        <translation>所有已启用的 Token 都会重新尝试。</translation>
    </message>
</context>
<context>
    <name>Overview</name>
    <message>
        <source>Closing…</source>
        <translation>正在关闭…</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>正在启动…</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Port {port} is busy</source>
        <translation>端口 {port} 被占用</translation>
    </message>
    <message>
        <source>Could not start</source>
        <translation>启动失败</translation>
    </message>
    <message>
        <source>keyring unavailable</source>
        <translation>密钥环不可用</translation>
    </message>
    <message>
        <source>no token yet</source>
        <translation>尚无 Token</translation>
    </message>
    <message>
        <source>no usable token</source>
        <translation>没有可用的 Token</translation>
    </message>
</context>
<context>
    <name>Problems</name>
    <message>
        <source>No token has been added yet, so no request can be answered.</source>
        <translation>还没有添加 Token，因此无法应答任何请求。</translation>
    </message>
    <message>
        <source>Add token</source>
        <translation>添加 Token</translation>
    </message>
    <message>
        <source>No token can serve now: {reasons}.</source>
        <translation>目前没有可用的 Token：{reasons}。</translation>
    </message>
    <message>
        <source>Show tokens</source>
        <translation>查看 Token</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Use port {port}</source>
        <translation>改用端口 {port}</translation>
    </message>
    <message>
        <source>Use a new key…</source>
        <translation>使用新密钥…</translation>
    </message>
    <message>
        <source>{problem} Nothing is stored until you have chosen where the key for your secrets is kept.</source>
        <translation>{problem}在你选定加密密钥的存放位置之前，不会保存任何机密数据。</translation>
    </message>
    <message>
        <source>This session only</source>
        <translation>仅本次运行</translation>
    </message>
    <message>
        <source>Key file (weaker)</source>
        <translation>密钥文件（安全性较低）</translation>
    </message>
</context>
<context>
    <name>Sentences</name>
    <message>
        <source>This is not an API key: give the key alone, such as sk-….</source>
        <translation>这不是 API 密钥：请只提供密钥本身，例如 sk-…。</translation>
    </message>
    <message>
        <source>This is not a ChatGPT access token: it must have three parts with dots between, as in Codex&apos;s auth.json.</source>
        <translation>这不是 ChatGPT 的 access token：它应由圆点隔开的三部分组成，如 Codex 的 auth.json 中那样。</translation>
    </message>
    <message>
        <source>This access token does not name its ChatGPT account; sign in again and use the new one.</source>
        <translation>这个 access token 没有标明所属的 ChatGPT 账号，请重新登录并使用新的 access token。</translation>
    </message>
    <message>
        <source>This file is not JSON. Choose Codex&apos;s auth.json (usually ~/.codex/auth.json).</source>
        <translation>这个文件不是 JSON。请选择 Codex 的 auth.json（通常在 ~/.codex/auth.json）。</translation>
    </message>
    <message>
        <source>This file is not Codex&apos;s auth.json: it holds no object.</source>
        <translation>这个文件不是 Codex 的 auth.json：内容不是 JSON 对象。</translation>
    </message>
    <message>
        <source>This file holds neither a ChatGPT login nor an API key. Run `codex login`, then import it again.</source>
        <translation>这个文件里既没有 ChatGPT 登录信息，也没有 API 密钥。请运行 codex login，然后重新导入。</translation>
    </message>
    <message>
        <source>This is not an address for Codex: expected http://&lt;ip&gt;:&lt;port&gt;/codex/v1.</source>
        <translation>这不是 Codex 可用的地址，应为 http://&lt;IP&gt;:&lt;端口&gt;/codex/v1。</translation>
    </message>
    <message>
        <source>This address or license has a character that no shell text can carry safely.</source>
        <translation>地址或许可证中含有无法安全写入 shell 命令的字符。</translation>
    </message>
    <message>
        <source>A license key has 8 to 200 characters out of A-Z a-z 0-9 . _ ~ + / = and -.</source>
        <translation>许可证应为 8 到 200 个字符，只能包含 A-Z a-z 0-9 . _ ~ + / = 和 -。</translation>
    </message>
</context>
<context>
    <name>SessionsPage</name>
    <message>
        <source>Live sessions</source>
        <translation>活跃会话</translation>
    </message>
    <message>
        <source>&amp;Forget…</source>
        <translation>清除绑定(&amp;F)…</translation>
    </message>
    <message>
        <source>Set up &amp;Codex</source>
        <translation>配置 Codex(&amp;C)</translation>
    </message>
    <message>
        <source>No session yet</source>
        <translation>还没有会话</translation>
    </message>
    <message>
        <source>A session is one conversation. It keeps its token until that token is at its limit or broken. Sessions appear here as soon as Codex or another client has sent its first request.</source>
        <translation>一个会话就是一次对话。会话会一直使用同一个 Token，直到该 Token 达到上限或异常才会切换。Codex 或其他客户端发出第一个请求后，会话就会显示在这里。</translation>
    </message>
    <message>
        <source>Conversations of the last 24 hours, and the token that serves each.</source>
        <translation>最近 24 小时的会话，以及各自使用的 Token。</translation>
    </message>
    <message>
        <source>Forget session</source>
        <translation>清除会话绑定</translation>
    </message>
    <message>
        <source>Forget which token this session belongs to?</source>
        <translation>要清除这个会话与 Token 的绑定吗？</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>清除</translation>
    </message>
    <message>
        <source>Its next request gets the token that is least used. Nothing else is lost.</source>
        <translation>它的下一个请求会改用当前最空闲的 Token，其他内容不受影响。</translation>
    </message>
</context>
<context>
    <name>SetUpPage</name>
    <message>
        <source>&amp;Your shell:</source>
        <translation>你的 shell(&amp;Y)：</translation>
    </message>
    <message>
        <source>Copy full set-&amp;up</source>
        <translation>复制完整配置(&amp;U)</translation>
    </message>
    <message>
        <source>Copy &amp;environment variables</source>
        <translation>复制环境变量(&amp;E)</translation>
    </message>
    <message>
        <source>Full set-up</source>
        <translation>完整配置</translation>
    </message>
    <message>
        <source>Environment variables</source>
        <translation>环境变量</translation>
    </message>
    <message>
        <source>Notes on the full set-up</source>
        <translation>完整配置的说明</translation>
    </message>
    <message>
        <source>Notes on the environment variables</source>
        <translation>环境变量的说明</translation>
    </message>
    <message>
        <source>Copy a text, paste it into your terminal, then run codex there.</source>
        <translation>复制配置，粘贴到终端，然后在同一个终端里运行 codex。</translation>
    </message>
    <message>
        <source>Full set-up: for every Codex version, changes no file (recommended)</source>
        <translation>完整配置：适用于各个 Codex 版本，不修改任何文件（推荐）</translation>
    </message>
    <message>
        <source>Environment variables: for Codex up to 0.118 and other clients</source>
        <translation>环境变量：适用于 Codex 0.118 及更早版本和其他客户端</translation>
    </message>
</context>
<context>
    <name>Tables</name>
    <message>
        <source>Session</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Client</source>
        <translation>客户端</translation>
    </message>
    <message>
        <source>License</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求数</translation>
    </message>
    <message>
        <source>Last activity</source>
        <translation>最近活动</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>{token}, on loan from {home}</source>
        <translation>归属 {home}，暂由 {token} 应答</translation>
    </message>
    <message>
        <source>Label</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>账号</translation>
    </message>
    <message>
        <source>Plan</source>
        <translation>套餐</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话数</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>进行中</translation>
    </message>
    <message>
        <source>Resting until {time}</source>
        <translation>冷却至 {time}</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation>接口</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>结果</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>请求体</translation>
    </message>
    <message>
        <source>First byte</source>
        <translation>首字节</translation>
    </message>
    <message>
        <source>Total</source>
        <translation>总耗时</translation>
    </message>
    <message>
        <source>In</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>What the model read, in tokens of text</source>
        <translation>模型读取的文本量（按 token 计）</translation>
    </message>
    <message>
        <source>The part of it that came from the prompt cache</source>
        <translation>其中来自提示词缓存的部分</translation>
    </message>
    <message>
        <source>What the model wrote, its reasoning included</source>
        <translation>模型输出的文本量（含推理，按 token 计）</translation>
    </message>
    <message>
        <source>Cached</source>
        <translation>缓存</translation>
    </message>
    <message>
        <source>Out</source>
        <translation>输出</translation>
    </message>
    <message>
        <source>Nothing was sent upstream.</source>
        <translation>没有向上游发送任何内容。</translation>
    </message>
    <message>
        <source>verbatim</source>
        <translation>原样转发</translation>
    </message>
    <message>
        <source>translated</source>
        <translation>已转换</translation>
    </message>
</context>
<context>
    <name>TokensPage</name>
    <message>
        <source>Tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>&amp;Disable</source>
        <translation>停用(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Remove…</source>
        <translation>移除(&amp;R)…</translation>
    </message>
    <message>
        <source>No token yet</source>
        <translation>还没有 Token</translation>
    </message>
    <message>
        <source>A token is a ChatGPT login or an OpenAI API key. Waystation answers your clients with it. Import the login that Codex has saved on this computer, or copy an access token or a key and add it from the clipboard. You can also drop an auth.json onto this window.</source>
        <translation>Token 就是一个 ChatGPT 登录或 OpenAI API 密钥，驿站用它来应答你的客户端。可以导入 Codex 保存在本机的登录文件，也可以复制 access token 或密钥后从剪贴板添加，还可以把 auth.json 拖到这个窗口里。</translation>
    </message>
    <message>
        <source>&amp;Import auth.json…</source>
        <translation>导入 auth.json(&amp;I)…</translation>
    </message>
    <message>
        <source>Add from the &amp;clipboard</source>
        <translation>从剪贴板添加(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Enable</source>
        <translation>启用(&amp;E)</translation>
    </message>
    <message>
        <source>Remove token</source>
        <translation>移除 Token</translation>
    </message>
    <message>
        <source>Remove the token “{label}”?</source>
        <translation>要移除 Token“{label}”吗？</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Its credentials are deleted from this computer. Its sessions go on with another token. The account itself is not touched.</source>
        <translation>它的凭据会从本机删除，它的会话会改用其他 Token。账号本身不受影响。</translation>
    </message>
    <message>
        <source>&amp;Try again now</source>
        <translation>立即重试(&amp;T)</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Waystation (practice)</source>
        <translation>驿站 Waystation（练习模式）</translation>
    </message>
    <message>
        <source>Waystation</source>
        <translation>驿站 Waystation</translation>
    </message>
    <message>
        <source>Copy environment variables</source>
        <translation>复制环境变量</translation>
    </message>
    <message>
        <source>Copy full set-up</source>
        <translation>复制完整配置</translation>
    </message>
    <message>
        <source>Add token</source>
        <translation>添加 Token</translation>
    </message>
    <message>
        <source>From the clipboard</source>
        <translation>从剪贴板</translation>
    </message>
    <message>
        <source>From an auth.json…</source>
        <translation>从 auth.json 文件…</translation>
    </message>
    <message>
        <source>Open window</source>
        <translation>打开窗口</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
</context>
<context>
    <name>TurnsPage</name>
    <message>
        <source>Last requests</source>
        <translation>最近的请求</translation>
    </message>
    <message>
        <source>Set up &amp;Codex</source>
        <translation>配置 Codex(&amp;C)</translation>
    </message>
    <message>
        <source>No request yet</source>
        <translation>还没有请求</translation>
    </message>
    <message>
        <source>Each request gets one line here: when, on which token, how fast, and whether its body went out unchanged. What was said is never kept.</source>
        <translation>每个请求在这里占一行：时间、所用 Token、耗时，以及请求体是否原样转发。对话内容从不保存。</translation>
    </message>
    <message>
        <source>The last 200 requests, the newest first. What was said is never kept.</source>
        <translation>最近 200 个请求，最新的在最前。对话内容从不保存。</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>ChatGPT login</source>
        <translation>ChatGPT 登录</translation>
    </message>
    <message>
        <source>API key</source>
        <translation>API 密钥</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>可用</translation>
    </message>
    <message>
        <source>Disabled</source>
        <translation>已停用</translation>
    </message>
    <message>
        <source>Resting</source>
        <translation>冷却中</translation>
    </message>
    <message>
        <source>Sealed: add it again</source>
        <translation>无法解密，请重新添加</translation>
    </message>
    <message>
        <source>API key {number}</source>
        <translation>API 密钥 {number}</translation>
    </message>
    <message>
        <source>{name} (practice)</source>
        <translation>{name}（练习）</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>本机</translation>
    </message>
    <message>
        <source>Answering</source>
        <translation>应答中</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>空闲</translation>
    </message>
    <message>
        <source>completed</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>已拒绝</translation>
    </message>
    <message>
        <source>client left</source>
        <translation>客户端断开</translation>
    </message>
    <message>
        <source>Secrets are sealed by a key in the system&apos;s keyring</source>
        <translation>机密数据由系统密钥环中的密钥加密</translation>
    </message>
    <message>
        <source>Secrets are sealed by a key file (weaker)</source>
        <translation>机密数据由密钥文件加密（安全性较低）</translation>
    </message>
    <message>
        <source>Secrets are forgotten when Waystation quits</source>
        <translation>机密数据仅保存在内存中，退出后清除</translation>
    </message>
    <message>
        <source>bash or zsh (Linux, macOS)</source>
        <translation>bash 或 zsh（Linux、macOS）</translation>
    </message>
    <message>
        <source>PowerShell (Windows)</source>
        <translation>PowerShell（Windows）</translation>
    </message>
    <message>
        <source>cmd (Windows)</source>
        <translation>cmd（Windows）</translation>
    </message>
</context>
</TS>
